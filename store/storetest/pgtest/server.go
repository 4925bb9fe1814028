package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/jackc/pgx/v5"
)

// Options say how a private server runs.
type Options struct {
	// Durable makes it write to disk as in production. Without, it is faster and
	// loses everything in a power cut, which tests do not mind.
	Durable bool
}

var errNoNetwork = errors.New("no PostgreSQL on this machine and no network to obtain it")

// startTimeout is for making and starting a server on a busy machine.
const startTimeout = 90 * time.Second

// Start starts a private server and returns its URL. It ends with this process.
func Start(ctx context.Context, o Options) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "vouchgate-postgres-")
	if err != nil {
		return "", err
	}
	owner, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"),
		"--no-sync", "--auth=trust", "--username=vouchgate", "--encoding=UTF8", "--locale=C", "-D", filepath.Join(dir, "data"))
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := launch(bin, dir, owner, o); err != nil {
		return "", err
	}
	u := url.URL{Scheme: "postgres", User: url.User("vouchgate"), Path: "/postgres",
		RawQuery: url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode()}
	return u.String(), await(ctx, u.String(), filepath.Join(dir, "log"))
}

// keeper holds the server: when its standard input ends, because the process
// that wrote to it is gone, it stops the server and removes its files.
const keeper = `"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=300 "${@:3}" >"$2/log" 2>&1 &
server=$!
cd /
read -r _
kill -INT $server; wait $server
rm -rf "$2"`

func launch(bin, dir string, owner *syscall.Credential, o Options) error {
	args := []string{"-c", keeper, "keeper", bin, dir}
	if !o.Durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
	}
	cmd := exec.Command("bash", args...)
	// A process group of its own, so that an interrupt at the terminal reaches the
	// tests first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true}
	cmd.Dir = dir
	alive, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	lifelines.Lock()
	defer lifelines.Unlock()
	lifelines.open = append(lifelines.open, alive)
	return cmd.Start()
}

// lifelines are the pipes that end their servers when they close. Being referred
// to keeps them open: the garbage collector closes forgotten files.
var lifelines struct {
	sync.Mutex
	open []io.Closer
}

func await(ctx context.Context, server, log string) error {
	for {
		conn, err := pgx.Connect(ctx, server)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			said, _ := os.ReadFile(log)
			return fmt.Errorf("postgres did not start: %w\n%s", err, said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// unprivileged hands the folder to a user whom postgres accepts, because it
// refuses to run as root. Nil for anybody else: they are accepted themselves.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
	}
	return nil, errors.New("running as root and found no user postgres or nobody")
}

// binaries returns the folder of a PostgreSQL: on the PATH, where Debian puts it,
// or obtained.
func binaries() (string, error) {
	places, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if onPath, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(onPath); err == nil {
			places = append(places, filepath.Dir(real))
		}
	}
	for i := len(places) - 1; i >= 0; i-- {
		_, noInit := os.Stat(filepath.Join(places[i], "initdb"))
		_, noServer := os.Stat(filepath.Join(places[i], "postgres"))
		if noInit == nil && noServer == nil {
			return places[i], nil
		}
	}
	return obtain()
}

// obtain downloads binaries, once per machine, by starting and stopping a server
// of the library that knows where to find them.
func obtain() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "vouchgate-postgres")
	bin := filepath.Join(dir, "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
		return bin, nil
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	pg := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.V17).Port(port).BinariesPath(dir).CachePath(filepath.Join(dir, "cache")).
		RuntimePath(filepath.Join(dir, "runtime")).Logger(nil))
	err = pg.Start()
	_ = pg.Stop()
	if _, missing := os.Stat(filepath.Join(bin, "postgres")); missing != nil {
		return "", fmt.Errorf("%w: %w", errNoNetwork, err)
	}
	return bin, nil
}

func freePort() (uint32, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return uint32(l.Addr().(*net.TCPAddr).Port), nil
}
