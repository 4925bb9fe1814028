package server

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/pages"
)

// choices lists the methods by which something of what is asked for can be proved
// here: those of the client whose messages, if they have any, can be sent.
func (s *Server) choices(client kyc.Client, scope string, claims kyc.Strings) []kyc.Method {
	return s.usable(client.Choices(scope, claims))
}

// usable leaves out the methods whose messages cannot be sent.
func (s *Server) usable(methods []kyc.Method) []kyc.Method {
	return slices.DeleteFunc(slices.Clone(methods), func(m kyc.Method) bool { return m.Addressed() && !s.sends(m) })
}

// sends says whether messages of a method can be sent and addresses be read.
func (s *Server) sends(m kyc.Method) bool {
	return s.Addresses != nil && slices.Contains(s.Sendable, m)
}

// choicesOf are the choices of a session. An address that the client has fixed
// leaves none.
func (s *Server) choicesOf(session kyc.Session, client kyc.Client) ([]kyc.Method, error) {
	hint, err := s.hintOf(session)
	if err == nil && hint.Fixed {
		return []kyc.Method{hint.Address.Method}, nil
	}
	return s.choices(client, session.Scope, session.Claims), err
}

// errNoChoice says that what is asked for cannot be proved by any method of the
// client.
var errNoChoice = errors.New("no method of the client proves what the scope asks for")

// methodFor is the method of a new session: the only one that there is, or none
// while the person has the choice. errNoChoice if there is nothing to choose from.
func (s *Server) methodFor(client kyc.Client, scope string, claims kyc.Strings) (kyc.Method, error) {
	switch choices := s.choices(client, scope, claims); len(choices) {
	case 0:
		return kyc.MethodOpen, errNoChoice
	case 1:
		return choices[0], nil
	}
	return kyc.MethodOpen, nil
}

// settleMethod gives a session that a client set up its method, now that the scope
// is known. errNoChoice as for methodFor, and for a method that the client gave an
// address for and that proves nothing of what the scope asks for.
func (s *Server) settleMethod(session *kyc.Session, client kyc.Client, b kyc.Binding) error {
	hint, err := s.hintOf(*session)
	if err != nil {
		return err
	}
	switch fits := slices.Contains(s.choices(client, b.Scope, b.Claims), hint.Address.Method); {
	case fits:
		return nil
	case hint.Fixed:
		return errNoChoice
	}
	session.SealedHint = nil
	session.Method, err = s.methodFor(client, b.Scope, b.Claims)
	return err
}

// otherPath leads to the choice of a method, if there is one.
func (s *Server) otherPath(ctx context.Context, session kyc.Session, client kyc.Client) (string, error) {
	choices, err := s.choicesOf(session, client)
	if err != nil || len(choices) < 2 {
		return "", err
	}
	return sessionPath(session.ID, "/choose") + langQuery(visitOf(ctx)), nil
}

// ShowChoice implements api.StrictServerInterface.
func (s *Server) ShowChoice(ctx context.Context, r api.ShowChoiceRequestObject) (api.ShowChoiceResponseObject, error) {
	session, client, err := s.owned(ctx, s.Store, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	choices, err := s.choicesOf(session, client)
	if err != nil {
		return nil, err
	}
	v, here := visitOf(ctx), sessionPath(session.ID, "/choose")
	if session.Status != kyc.StatusAuthorized && !session.CanRetry(s.Now()) || len(choices) < 2 && session.Method != kyc.MethodOpen {
		return redirectAnswer(nextPath(session) + langQuery(v)), nil
	}
	if session.Method == kyc.MethodOpen {
		letter, found, err := s.letterFor(ctx, client)
		if err != nil {
			return nil, err
		}
		if found && slices.Contains(choices, letter.Method) {
			return s.chooseFor(ctx, session, client, letter.Method)
		}
	}
	body, err := s.pages.Choose(pages.ChoosePage{
		Lang: v.lang, ClientName: nameOf(client), Claims: kyc.Asked(session.Scope, session.Claims),
		ReadFor: retentionShown(client, session), Methods: choices, ActionPath: here + langQuery(v),
		CancelPath: sessionPath(session.ID, "/cancel") + langQuery(v), CSRF: s.csrf(session.ID.String(), v.browser),
		Languages: languagesOf(here),
	})
	if err != nil {
		return nil, err
	}
	return pageAnswer(http.StatusOK, v.lang, body, session.RedirectURI), nil
}

// Choose implements api.StrictServerInterface.
func (s *Server) Choose(ctx context.Context, r api.ChooseRequestObject) (api.ChooseResponseObject, error) {
	session, client, err := s.posted(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	choices, err := s.choicesOf(session, client)
	if err != nil {
		return nil, err
	}
	method := kyc.Method(visitOf(ctx).fields.Get("method"))
	if !slices.Contains(choices, method) {
		return nil, shownAs(pages.ReasonBadRequest, http.StatusBadRequest)
	}
	return s.chooseFor(ctx, session, client, method)
}

// chooseFor begins a method in a session, unless it is under way, and leads there.
func (s *Server) chooseFor(ctx context.Context, session kyc.Session, client kyc.Client, method kyc.Method) (answer, error) {
	done, err := s.opening.take(ctx, session.ID)
	if err != nil {
		return answer{}, err
	}
	defer done()
	if session, _, err = s.owned(ctx, s.Store, session.ID); err != nil {
		return answer{}, err
	}
	retries := session.CanRetry(s.Now())
	if session.Status != kyc.StatusAuthorized && !retries { // it is proved, or nothing is left to try
		return redirectAnswer(nextStep(session, client) + langQuery(visitOf(ctx))), nil
	}
	if session.Method != method || retries {
		if session.CanOpen(session.Binding, s.Now()) != nil {
			return answer{}, shownAs(pages.ReasonSessionOver, pages.ReasonSessionOver.Status())
		}
		if session, err = s.begun(ctx, session, client, method); err != nil {
			return answer{}, err
		}
	}
	return redirectAnswer(nextStep(session, client) + langQuery(visitOf(ctx))), nil
}

// begun opens a session anew with a method, again when somebody else moved it in
// between. A session that can be opened no more is returned as it is: its page says
// why.
func (s *Server) begun(ctx context.Context, session kyc.Session, client kyc.Client, method kyc.Method) (kyc.Session, error) {
	for try := 1; ; try++ {
		opened, err := s.beginWith(ctx, session, client, method)
		if !isStale(err) || try == moveRetries {
			return opened, err
		}
		if session, _, err = s.owned(ctx, s.Store, session.ID); err != nil {
			return session, err
		}
		if session.Status == kyc.StatusAuthorized && session.Method == method {
			return session, nil // the same click, elsewhere
		}
	}
}

func (s *Server) beginWith(ctx context.Context, session kyc.Session, client kyc.Client, method kyc.Method) (kyc.Session, error) {
	if session.CanOpen(session.Binding, s.Now()) != nil {
		return session, nil
	}
	before := session
	if err := session.Choose(method, s.Now()); err != nil {
		return before, nil
	}
	session, err := s.open(ctx, client, session, session.Binding, sessionPath(session.ID, "/choose"))
	if err != nil {
		return session, err
	}
	return s.recognize(ctx, session, client)
}

// noMethod is the refusal of a request that no method can answer.
func (s *Server) noMethod(a arrival) error {
	return s.away(a, oauth.CodeInvalidScope, errNoChoice.Error())
}
