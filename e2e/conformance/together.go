package conformance

import (
	"net/http"
	"sync"

	"vouchgate/e2e"
)

// atOnce makes calls at the same time and returns their answers, in the order of
// their numbers.
func atOnce(n int, call func(i int) Answer) []Answer {
	answers := make([]Answer, n)
	start := make(chan struct{})
	var calling sync.WaitGroup
	for i := range answers {
		calling.Go(func() {
			<-start
			answers[i] = call(i)
		})
	}
	close(start)
	calling.Wait()
	return answers
}

// Good returns those answers that are a 200.
func Good(answers []Answer) (good []Answer) {
	for _, a := range answers {
		if a.Status == http.StatusOK {
			good = append(good, a)
		}
	}
	return good
}

// Took is what a 200 of /token, to whatever request of a client, has given it.
func (t *T) Took(c e2e.Client, a Answer) Grant {
	t.Helper()
	t.OK(a)
	return Grant{
		Client: c, Answer: a,
		Access: a.Text("access_token"), Refresh: a.Text("refresh_token"), IDToken: a.Text("id_token"),
	}
}

// Dead fails the case unless all tokens of a grant are of no use any more.
func (t *T) Dead(g Grant) {
	t.Helper()
	t.BadToken(t.Info(g.Access))
	if g.Refresh != "" {
		t.JSON(t.Refresh(g.Client, g.Refresh), http.StatusBadRequest, "invalid_grant")
	}
}

// shut asks until a client's credentials are refused, which takes a moment where
// gateways remember their clients.
func (t *T) shut(c e2e.Client) {
	t.Helper()
	t.Until("the client to be shut out", func() (bool, error) {
		return t.Introspect(c, "nothing").Status == http.StatusUnauthorized, nil
	})
}
