package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// maxKeyFile is the size of the largest key file that is read, in bytes.
const maxKeyFile = 64 << 10

// firstKeyID is the id of the key in a new file.
const firstKeyID = "k1"

// ErrKeyFileExposed says that others than its owner may read or write a key file.
var ErrKeyFileExposed = errors.New("key file is open to others than its owner")

// keyFile is the JSON of a key file. Keys are in base64 (RFC 4648, section 4).
type keyFile struct {
	Current string            `json:"current"`
	Keys    map[string]string `json:"keys"`
}

// Parse reads the content of a key file,
//
//	{"current": "k1", "keys": {"k1": "<32 bytes in base64>"}}
//
// and gives ErrBadKeys for anything else. rand gives the nonces of Ring.Seal.
func Parse(content []byte, rand io.Reader) (*Ring, error) {
	var f keyFile
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	// The decoder's own errors are dropped: they quote what they stumbled over.
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf(`%w: not JSON of the form {"current": ..., "keys": {...}}`, ErrBadKeys)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more follows after the JSON", ErrBadKeys)
	}
	keys := make(map[string][]byte, len(f.Keys))
	for id, text := range f.Keys {
		key, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("%w: a key is not in base64", ErrBadKeys)
		}
		keys[id] = key
	}
	return NewRing(f.Current, keys, rand)
}

// LoadFile reads a key file. A file that is not there gives fs.ErrNotExist, one
// that others may read ErrKeyFileExposed, other content ErrBadKeys.
func LoadFile(path string, rand io.Reader) (*Ring, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening key file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading key file's mode: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%w: %s has mode %04o, set it with chmod 600", ErrKeyFileExposed, path, mode)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading key file: %w", err)
	}
	if len(content) > maxKeyFile {
		return nil, fmt.Errorf("%w: key file %s is longer than %d bytes", ErrBadKeys, path, maxKeyFile)
	}
	ring, err := Parse(content, rand)
	if err != nil {
		return nil, fmt.Errorf("reading key file %s: %w", path, err)
	}
	return ring, nil
}

// CreateFile makes a key file with one new key, readable by its owner only, and
// returns its ring. A file that is there already is left alone and gives
// fs.ErrExist.
func CreateFile(path string, rand io.Reader) (*Ring, error) {
	key := make([]byte, KeySize)
	if _, err := io.ReadFull(rand, key); err != nil {
		return nil, fmt.Errorf("reading random key: %w", err)
	}
	content, err := json.MarshalIndent(keyFile{
		Current: firstKeyID,
		Keys:    map[string]string{firstKeyID: base64.StdEncoding.EncodeToString(key)},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding key file: %w", err)
	}
	if err := publish(path, append(content, '\n')); err != nil {
		return nil, fmt.Errorf("creating key file: %w", err)
	}
	return NewRing(firstKeyID, map[string][]byte{firstKeyID: key}, rand)
}

// LoadOrCreateFile is LoadFile, or CreateFile where there is no file. Of several
// programs that start at the same time one creates the file, and all get its ring.
func LoadOrCreateFile(path string, rand io.Reader) (ring *Ring, created bool, err error) {
	ring, err = LoadFile(path, rand)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, false, err
	}
	ring, err = CreateFile(path, rand)
	if errors.Is(err, fs.ErrExist) {
		ring, err = LoadFile(path, rand)
		return ring, false, err
	}
	return ring, err == nil, err
}

// publish makes the file appear under its name at once and whole, on disk before
// it does. It links and does not rename, because a rename would replace a file
// that another program has put there meanwhile.
func publish(path string, content []byte) error {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".keys-*") // mode 0600, a name of its own
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	if _, err := temp.Write(content); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name in a directory outlive a power cut.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
