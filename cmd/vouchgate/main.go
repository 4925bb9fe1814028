// Command vouchgate is the whole of vouchgate in one program: the gateway, its
// background work, the tools of its operator, a mock verifier and a demo.
//
// Every verb is a type with its flags as fields and a method Run, in a file of
// its own. This is the only package that knows the clock, the random source and
// the environment of the process, and it gets even those handed in by main, so
// that tests run whole commands in their own process.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // it could not be done
	exitUsage  = 2 // it was asked for in a wrong way
)

func main() {
	hideNewFiles()
	// The first signal ends the context; after it, stop makes the second one kill.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}

// program is what a verb works with beside its flags.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) (string, bool)
	now            func() time.Time
	rand           io.Reader
}

// cli is the command line.
type cli struct {
	Serve        serveCmd        `cmd:"" help:"Run the gateway, its background work included."`
	Worker       workerCmd       `cmd:"" help:"Run background work alone, beside gateways on the same Postgres."`
	Migrate      migrateCmd      `cmd:"" help:"Bring the database's schema to the newest version."`
	Client       clientCmd       `cmd:"" help:"Register and manage clients."`
	Account      accountCmd      `cmd:"" help:"Add and manage people who can sign in here."`
	Address      addressCmd      `cmd:"" help:"Look at the limits of an address, and lift them."`
	Webhook      webhookCmd      `cmd:"" help:"Look at webhooks and send them again."`
	Session      sessionCmd      `cmd:"" help:"Look at sessions, and end what clients may read."`
	Key          keyCmd          `cmd:"" help:"Look at the keys that sign ID tokens, and change them."`
	MockVerifier mockVerifierCmd `cmd:"" help:"Run a mock of the swiyu verifier, with a wallet to click."`
	Demo         demoCmd         `cmd:"" help:"Show a whole walk: gateway, mock verifier and a small client."`
	Version      versionCmd      `cmd:"" help:"Print the version."`
}

const description = "OAuth 2.0 gateway for identity proofs. Every setting is a flag, an environment variable " +
	"and a key of the config file (the flag's name, YAML); the flag wins over the variable, the variable over the file."

// run does what args say and returns the exit code. It ends early when ctx does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) (string, bool)) int {
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, env: env, now: clock, rand: rand.Reader}
	return p.run(ctx, args)
}

// clock is the time as the databases keep it.
func clock() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func (p *program) run(ctx context.Context, args []string) int {
	helped := false
	given := &sources{env: p.env}
	parser, err := kong.New(&cli{}, kong.Name("vouchgate"), kong.Description(description),
		kong.Writers(p.stdout, p.stderr), kong.Exit(func(int) { helped = true }),
		kong.Resolvers(given), kong.ValueFormatter(helpWithVariable), settingGroups,
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(p))
	if err != nil {
		return p.fail(err) // a mistake in the tags of cli
	}
	given.app = parser.Model
	command, err := parser.Parse(args)
	switch {
	case helped:
		return exitDone
	case err != nil:
		fmt.Fprintf(p.stderr, "vouchgate: %v\nSee vouchgate --help.\n", err)
		return exitUsage
	}
	return p.fail(command.Run(given))
}

// fail prints an error, if there is one, and returns the exit code for it.
func (p *program) fail(err error) int {
	var wrong *wrongUsage
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &wrong):
		fmt.Fprintln(p.stderr, wrong)
		return exitUsage
	}
	fmt.Fprintf(p.stderr, "vouchgate: %v\n", err)
	return exitFailed
}
