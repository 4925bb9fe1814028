package server

import (
	"net/http"

	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/pages"
)

// issuerFor is the iss that a client gets with every answer (RFC 9207), empty for
// those that cannot cope with one.
func (s *Server) issuerFor(client kyc.Client) string {
	if client.OmitIssuer {
		return ""
	}
	return s.issuer()
}

// home takes an answer to the client: by a redirect, or by a form that sends
// itself. The redirect URI has been matched with the client's.
func (s *Server) home(client kyc.Client, redirectURI, responseMode string, params []oauth.Param, lang pages.Lang) (answer, error) {
	if responseMode != oauth.ResponseModeFormPost {
		return redirectAnswer(oauth.AnswerURL(redirectURI, params...)), nil
	}
	p := pages.FormPostPage{Lang: lang, ClientName: nameOf(client), Action: redirectURI}
	for _, param := range params {
		if param.Value != "" {
			p.Fields = append(p.Fields, pages.Field{Name: param.Name, Value: param.Value})
		}
	}
	body, err := s.pages.FormPost(p)
	if err != nil {
		return answer{}, err
	}
	return pageAnswer(http.StatusOK, lang, body, redirectURI), nil
}

// profiled is a refusal that goes home in the words that its client understands.
type profiled struct {
	*oauth.RedirectError
	client kyc.Client
}

func inWordsOf(c kyc.Client, away *oauth.RedirectError) profiled { return profiled{away, c} }

func (p profiled) profile() oauth.ErrorProfile { return oauth.ErrorProfile(p.client.ErrorProfile) }

// link is the way home for somebody who follows a link.
func (s *Server) link(p profiled) string { return p.URL(p.profile(), s.issuerFor(p.client)) }

// takeHome is the answer that takes a refusal to the client.
func (s *Server) takeHome(p profiled, lang pages.Lang) (answer, error) {
	return s.home(p.client, p.RedirectURI, p.ResponseMode, p.Params(p.profile(), s.issuerFor(p.client)), lang)
}

// refusal tells the client why a session ends without a code.
func (s *Server) refusal(session kyc.Session, client kyc.Client, code oauth.Code, why string) profiled {
	e := oauth.NewRedirectError(session.RedirectURI, session.State, code, why)
	e.ResponseMode = session.ResponseMode
	return inWordsOf(client, e)
}

// nameOf is what a person knows a client by.
func nameOf(c kyc.Client) string {
	if c.Name == "" {
		return c.ID
	}
	return c.Name
}
