package seal_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"vouchgate/seal"
)

func encoded(fill byte) string { return base64.StdEncoding.EncodeToString(key(fill)) }

func TestParse(t *testing.T) {
	t.Parallel()
	ring, err := seal.Parse([]byte(`{"current":"k2","keys":{"k1":"`+encoded(1)+`","k2":"`+encoded(2)+`"}}`+"\n"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	twin := newRing(t, "k2", map[string][]byte{"k2": key(2)})
	if got, err := twin.Open("claims", nil, mustSeal(t, ring, "claims", "", "x")); err != nil || string(got) != "x" {
		t.Errorf("the key in the file is another one: %q, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	canary := base64.StdEncoding.EncodeToString([]byte("canary"))
	for name, content := range map[string]string{
		"an empty file":               "",
		"an empty object":             "{}",
		"text":                        "canary",
		"a number for a key":          `{"current":"k1","keys":{"k1":31337}}`,
		"half a file":                 `{"current":"k1","keys":{"k1":"` + encoded(1),
		"more after the JSON":         `{"current":"k1","keys":{"k1":"` + encoded(1) + `"}} {}`,
		"an unknown member":           `{"current":"k1","keys":{"k1":"` + encoded(1) + `"},"canary":1}`,
		"no keys":                     `{"current":"k1","keys":{}}`,
		"no current key":              `{"keys":{"k1":"` + encoded(1) + `"}}`,
		"a current key not there":     `{"current":"k2","keys":{"k1":"` + encoded(1) + `"}}`,
		"a key that is too short":     `{"current":"k1","keys":{"k1":"` + canary + `"}}`,
		"a key that is too long":      `{"current":"k1","keys":{"k1":"` + base64.StdEncoding.EncodeToString(make([]byte, 33)) + `"}}`,
		"a key in another base64":     `{"current":"k1","keys":{"k1":"` + strings.ReplaceAll(encoded(0xff), "/", "_") + `"}}`,
		"a key id with a space":       `{"current":"k 1","keys":{"k 1":"` + encoded(1) + `"}}`,
		"an empty key id":             `{"current":"","keys":{"":"` + encoded(1) + `"}}`,
		"a key id of 33 characters":   `{"current":"` + strings.Repeat("k", 33) + `","keys":{"` + strings.Repeat("k", 33) + `":"` + encoded(1) + `"}}`,
		"a second key that is broken": `{"current":"k1","keys":{"k1":"` + encoded(1) + `","k2":"` + canary + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := seal.Parse([]byte(content), rand.Reader)
			if !errors.Is(err, seal.ErrBadKeys) {
				t.Fatalf("got %v, want ErrBadKeys", err)
			}
			for _, secret := range []string{"canary", canary, "31337", encoded(1)} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows what is in the file: %v", err)
				}
			}
		})
	}
}

// FuzzParse: whatever is taken for a key file makes a ring that seals and opens.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"current":"k1","keys":{"k1":"` + encoded(1) + `"}}`))
	f.Add([]byte(`{"current":"k1","keys":{"k1":""}}`))
	f.Add([]byte(`{"current":1}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, content []byte) {
		ring, err := seal.Parse(content, rand.Reader)
		if err != nil {
			if !errors.Is(err, seal.ErrBadKeys) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if got, err := ring.Open("p", nil, mustSeal(t, ring, "p", "", "x")); err != nil || string(got) != "x" {
			t.Errorf("opened %q, %v", got, err)
		}
	})
}

func TestCreatedFileCanBeLoaded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	created, err := seal.CreateFile(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	loaded, err := seal.LoadFile(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := loaded.Open("p", nil, mustSeal(t, created, "p", "", "x")); err != nil || string(got) != "x" {
		t.Errorf("the file has another key: %q, %v", got, err)
	}
	wantAlone(t, path)
}

// wantAlone fails if anything is left in the directory beside the key file.
func wantAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			t.Errorf("left over: %s", e.Name())
		}
	}
}

func TestTwoFilesHaveDifferentKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, err1 := seal.CreateFile(filepath.Join(dir, "1"), rand.Reader)
	two, err2 := seal.CreateFile(filepath.Join(dir, "2"), rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one.MAC("p"), two.MAC("p")) {
		t.Error("the keys are the same")
	}
}

func TestCreateFileLeavesAnExistingFileAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.CreateFile(path, rand.Reader); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want fs.ErrExist", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "mine" {
		t.Errorf("the file now holds %d bytes, %v", len(content), err)
	}
	wantAlone(t, path)
}

func TestCreateFileReportsWhatFails(t *testing.T) {
	t.Parallel()
	dir, broken := t.TempDir(), errors.New("no entropy")
	if _, err := seal.CreateFile(filepath.Join(dir, "keys.json"), iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a broken random source gives %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left over: %v", entries)
	}
	if _, err := seal.CreateFile(filepath.Join(dir, "missing", "keys.json"), rand.Reader); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing directory gives %v", err)
	}
}

func TestLoadFileRefuses(t *testing.T) {
	t.Parallel()
	content := `{"current":"k1","keys":{"k1":"` + encoded(1) + `"}}`
	for name, row := range map[string]struct {
		mode    os.FileMode
		content string
		want    error
	}{
		"a file the group may read":   {0o640, content, seal.ErrKeyFileExposed},
		"a file everybody may read":   {0o604, content, seal.ErrKeyFileExposed},
		"a file the group may write":  {0o620, content, seal.ErrKeyFileExposed},
		"a file that is no key file":  {0o600, "{}", seal.ErrBadKeys},
		"a file that is far too long": {0o600, content + strings.Repeat(" ", 1<<16), seal.ErrBadKeys},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "keys.json")
			if err := os.WriteFile(path, []byte(row.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, row.mode); err != nil {
				t.Fatal(err)
			}
			_, err := seal.LoadFile(path, rand.Reader)
			if !errors.Is(err, row.want) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
	if _, err := seal.LoadFile(filepath.Join(t.TempDir(), "none"), rand.Reader); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestStartersAtTheSameTimeGetOneRing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	const starters = 16
	var (
		group  sync.WaitGroup
		lock   sync.Mutex
		macs   = map[string]int{}
		makers int
	)
	start := make(chan struct{})
	for range starters {
		group.Go(func() {
			<-start
			ring, created, err := seal.LoadOrCreateFile(path, rand.Reader)
			if err != nil {
				t.Error(err)
				return
			}
			lock.Lock()
			defer lock.Unlock()
			macs[string(ring.MAC("p"))]++
			if created {
				makers++
			}
		})
	}
	close(start)
	group.Wait()
	if len(macs) != 1 || makers != 1 {
		t.Errorf("%d rings made by %d starters", len(macs), makers)
	}
	wantAlone(t, path)
}

func TestLoadOrCreateFileDoesNotReplaceABadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, created, err := seal.LoadOrCreateFile(path, rand.Reader); !errors.Is(err, seal.ErrBadKeys) || created {
		t.Errorf("created %v, %v", created, err)
	}
}
