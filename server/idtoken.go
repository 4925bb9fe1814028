package server

import (
	"cmp"
	"context"
	"time"

	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/oauth/ida"
	"vouchgate/server/jose"
)

// The signing algorithms of ID tokens, the default first.
var idTokenAlgorithms = []string{"ES256", "RS256"}

// maxIDTokenLife bounds the life of an ID token, which nobody can revoke.
const maxIDTokenLife = time.Hour

func idTokenAlgorithm(client kyc.Client) string {
	return cmp.Or(client.IDTokenAlg, idTokenAlgorithms[0])
}

// tanContext is the context of whoever has only shown that messages reach them.
const tanContext = "urn:vouchgate:acr:tan"

// How a person was authenticated, as acr and amr say it (OpenID Connect Core,
// section 2; RFC 8176, section 2).
var (
	authContexts = map[kyc.Method]string{
		kyc.MethodSwiyu: "urn:vouchgate:acr:wallet", kyc.MethodAccount: "urn:vouchgate:acr:password",
		kyc.MethodEmail: tanContext, kyc.MethodPhone: tanContext, kyc.MethodPostal: tanContext, kyc.MethodPostalCH: tanContext,
	}
	authMethods = map[kyc.Method][]string{
		kyc.MethodSwiyu: {"pop"}, kyc.MethodAccount: {"pwd"}, kyc.MethodEmail: {"otp"}, kyc.MethodPhone: {"otp", "sms"},
		kyc.MethodPostal: {"otp"}, kyc.MethodPostalCH: {"otp"},
	}
)

// idToken makes an ID token (OpenID Connect Core, section 2). What was proved is
// left to /userinfo unless the client asked for it here: tokens get around. One
// that comes with a refreshed access token has no nonce (section 12.2).
func (s *Server) idToken(ctx context.Context, client kyc.Client, i issued) (string, error) {
	request, asked, err := s.requestOf(i.grant)
	if err != nil {
		return "", err
	}
	now, alg := s.Now(), idTokenAlgorithm(client)
	if i.grant.Once || i.scope != i.grant.Scope {
		asked.IDToken = oauth.ClaimsTarget{} // data that is read once, or by a narrower token, is not read here as well
	}
	claims := s.released(i.grant, i.proof, asked.IDToken, nil)
	for name, value := range map[string]any{
		"iss": s.issuer(), "sub": i.grant.Subject, "aud": client.ID,
		"iat": now.Unix(), "exp": earlier(i.access.ExpiresAt, now.Add(maxIDTokenLife)).Unix(),
		"auth_time": i.proof.VerifiedAt.Unix(), "at_hash": jose.AtHash(alg, i.accessHandle.String()),
		"acr": authContexts[i.proof.Method], "amr": authMethods[i.proof.Method],
	} {
		claims[name] = value
	}
	if i.first && request.Nonce != "" {
		claims["nonce"] = request.Nonce
	}
	return s.Keys.Sign(ctx, alg, claims)
}

// requestOf returns what the client asked for beside the scope, both as it was kept
// and read.
func (s *Server) requestOf(g kyc.Grant) (kyc.Request, oauth.ClaimsRequest, error) {
	request, err := s.openRequest(g.SessionID, g.ClientID, g.SealedRequest)
	if err != nil || request.Claims == "" {
		return request, oauth.ClaimsRequest{}, err
	}
	asked, err := oauth.ParseClaims(request.Claims)
	return request, asked, err
}

func (s *Server) openRequest(session kyc.ID, clientID string, sealed []byte) (kyc.Request, error) {
	if sealed == nil {
		return kyc.Request{}, nil
	}
	plain, err := s.Ring.Open(kyc.PurposeRequest, kyc.ClaimsContext(session, clientID), sealed)
	if err != nil {
		return kyc.Request{}, err
	}
	return kyc.DecodeRequest(plain)
}

// proofOf opens what was proved.
func (s *Server) proofOf(session kyc.ID, clientID string, sealed []byte) (kyc.Proof, error) {
	plain, err := s.Ring.Open(kyc.PurposeClaims, kyc.ClaimsContext(session, clientID), sealed)
	if err != nil {
		return kyc.Proof{}, err
	}
	return kyc.DecodeProof(plain)
}

// released are the claims, by their standard names, for one of the two places where
// a client reads them: those of the scope (ofScope) and those that it asked for one
// by one for this place. A claim whose value is not one of those that the client
// named is left out.
func (s *Server) released(g kyc.Grant, p kyc.Proof, asked oauth.ClaimsTarget, ofScope []string) map[string]any {
	allowed := p.Claims.Only(kyc.Asked(g.Scope, g.Claims))
	var behind []string
	for _, standard := range asked.Names {
		behind = append(behind, kyc.ClaimsBehind(standard)...)
	}
	out, single := allowed.Standard(ofScope), allowed.Standard(behind)
	for _, asking := range asked.Names {
		name := kyc.StandardName(asking)
		if value, ok := single[name]; ok && asked.Allows(asking, value) {
			out[name] = value
		} else {
			delete(out, name)
		}
	}
	if verified := ida.Answer(asked.Verified, asked.VerifiedIsArray, s.facts(p, allowed), s.Now()); verified != nil {
		out["verified_claims"] = verified
	}
	return out
}
