package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"vouchgate/e2e"
)

// inChromium lists the tests of the pages in a browser. They share one browser
// process, and each has browser profiles of its own. Every tab is watched: an
// error in the console, a breach of the pages' policy or a request to another
// origin fails the test, whatever it is about.
var inChromium = []struct {
	name string
	run  func(*testing.T, *chromium)
}{
	{"a whole walk by clicking on SQLite", walkByClicking(e2e.SQLite)},
	{"a whole walk by clicking on Postgres", walkByClicking(e2e.Postgres)},
	{"a walk by scanning the code", walkByScanning},
	{"a walk in the tab of the wallet and back", walkThereAndBack},
	{"a walk without script", walkWithoutScript},
	{"cancelling and trying again without script", detourWithoutScript},
	{"refusing in the wallet and trying again", refuseAndRetry},
	{"letting the time run out and trying again", expireAndRetry},
	{"cancelling", cancelWalk},
	{"cancelling, and the page hears of it first", cancelHeardFirst},
	{"cancelling where the client sends the browser on", cancelOnward},

	{"an e-mail address on SQLite", walkByEmail(e2e.SQLite)},
	{"an e-mail address on Postgres", walkByEmail(e2e.Postgres)},
	{"asking for another message", anotherMessage},
	{"using another address", anotherAddress},
	{"choosing by keyboard alone", chooseByKeyboard},
	{"choosing another way", chooseAnotherWay},
	{"an e-mail address without script", addressWithoutScript},
	{"a letter that is opened in another browser", letterElsewhere},

	{"proved while the page was in the background", provedInBackground},
	{"proved while the page was frozen", provedWhileFrozen},
	{"the stream of status is refused", streamRefused},
	{"the stream of status stays silent", streamSilent},
	{"the gateway is killed and started again", gatewayKilled},
	{"the verifier is down at the start", verifierDown},

	{"the address of a page is no use in another browser", copiedAddress},
	{"the request is taken over by another browser", takenOver},
	{"two tabs finish in reverse order", twoTabs},
	{"going back after the end", backAfterEnd},

	{"the watch of the tests sees what is wrong", watchSees},
	{"axe sees what is wrong", axeSees},
	{"pages cannot be framed", notFramed},
	{"a hostile client name stays a name", hostileName},
	{"another site cannot press the buttons", foreignForm},

	{"languages", languages},
	{"every page is well built and accessible, first half", everyPage(0, 2)},
	{"every page is well built and accessible, second half", everyPage(1, 2)},
	{"by keyboard alone", keyboardAlone},
	{"in the dark", darkCode},

	{"the demo by clicking", demoByClicking},

	{"an app with oidc-client-ts on SQLite", appInBrowser(e2e.SQLite)},
	{"an app with oidc-client-ts on Postgres", appInBrowser(e2e.Postgres)},
	{"an app on an origin that is not registered", appElsewhere},
}

func TestInChromium(t *testing.T) {
	t.Parallel()
	c := startChromium(t)
	for _, test := range inChromium {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, c)
		})
	}
	if folder := os.Getenv(picturesEnv); folder != "" {
		t.Run("pictures", func(t *testing.T) {
			t.Parallel()
			pictures(t, c, folder)
		})
	}
}

// chromium is a running browser without a window.
type chromium struct {
	ctx context.Context
	t   *testing.T // lasts as long as all tests in the browser

	staging sync.Once
	staged  *scenes
}

// startChromium starts the browser that is installed. Without one the test is
// skipped, but not in continuous integration.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	switch {
	case path == "" && os.Getenv("CI") != "":
		t.Fatal("no Chromium is installed: the pages cannot be tested (tools/setup browser installs one)")
	case path == "":
		t.Skip("NOT TESTED: the pages in a browser. No Chromium is installed (tools/setup browser installs one)")
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.Flag("no-sandbox", os.Geteuid() == 0),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// The tests' servers are on this machine. Nothing else is to be asked.
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(e2e.Patience),
	)...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := keepThread(t, func() error { return chromedp.Do(ctx) }); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return &chromium{ctx: ctx, t: t}
}

// keepThread runs a function on a thread that lives as long as the test: the
// kernel kills the browser together with the thread that started it.
func keepThread(t *testing.T, start func() error) error {
	started, over := make(chan error), make(chan struct{})
	t.Cleanup(func() { close(over) })
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- start()
		<-over
	}()
	return <-started
}
