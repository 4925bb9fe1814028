package store

import (
	"time"

	"vouchgate/gen/pgdb"
	"vouchgate/kyc"
)

func sessionOf(r pgdb.VerificationSession) kyc.Session {
	return kyc.Session{
		ID: r.ID, ClientID: r.ClientID, Method: kyc.Method(r.Method), NonceHash: r.NonceHash,
		Status: kyc.Status(r.Status),
		Binding: kyc.Binding{
			RedirectURI: r.RedirectURI, State: r.State, Scope: r.Scope,
			Challenge: r.CodeChallenge, BrowserHash: r.BrowserHash,
			Claims: r.Claims, ResponseMode: r.ResponseMode, SealedRequest: r.SealedRequest,
		},
		Verification: kyc.Verification{
			RequestID: r.RequestID, URL: r.VerificationURL,
			Deeplink: r.VerificationDeeplink, EndsAt: r.VerificationEndsAt,
		},
		Consent: kyc.Consent(r.Consent), GrantedScope: r.GrantedScope, AccountID: r.AccountID, LoginAfter: r.LoginAfter,
		Attempts: r.Attempts, Checks: r.Checks, NextCheck: r.NextCheck, LeaseUntil: r.LeaseUntil,
		SealedClaims: r.SealedClaims, SealedHint: r.SealedHint, ErrorCode: r.ErrorCode,
		CreatedAt: r.CreatedAt, AuthorizedAt: r.AuthorizedAt, VerifiedAt: r.VerifiedAt,
		FinishedAt: r.FinishedAt, ExpiresAt: r.ExpiresAt, UpdatedAt: r.UpdatedAt, Version: r.Version,
	}
}

func sessionsOf(rows []pgdb.VerificationSession) []kyc.Session {
	out := make([]kyc.Session, len(rows))
	for i, r := range rows {
		out[i] = sessionOf(r)
	}
	return out
}

func createSessionParams(s kyc.Session) pgdb.CreateSessionParams {
	return pgdb.CreateSessionParams{
		ID: s.ID, ClientID: s.ClientID, Method: string(s.Method), NonceHash: s.NonceHash, Status: string(s.Status),
		RedirectURI: s.RedirectURI, State: s.State, Scope: s.Scope, CodeChallenge: s.Challenge, BrowserHash: s.BrowserHash,
		RequestID: s.RequestID, VerificationURL: s.URL, VerificationDeeplink: s.Deeplink, VerificationEndsAt: microp(s.EndsAt),
		Attempts: s.Attempts, Checks: s.Checks, NextCheck: microp(s.NextCheck), LeaseUntil: microp(s.LeaseUntil),
		SealedClaims: s.SealedClaims, ErrorCode: s.ErrorCode,
		CreatedAt: micro(s.CreatedAt), AuthorizedAt: microp(s.AuthorizedAt), VerifiedAt: microp(s.VerifiedAt),
		FinishedAt: microp(s.FinishedAt), ExpiresAt: micro(s.ExpiresAt), UpdatedAt: micro(s.UpdatedAt), Version: s.Version,
		Claims: s.Claims, ResponseMode: s.ResponseMode, SealedRequest: s.SealedRequest, Consent: string(s.Consent),
		GrantedScope: s.GrantedScope, AccountID: s.AccountID, LoginAfter: microp(s.LoginAfter), SealedHint: s.SealedHint,
	}
}

func saveSessionParams(s kyc.Session) pgdb.SaveSessionParams {
	return pgdb.SaveSessionParams{
		Status: string(s.Status), RedirectURI: s.RedirectURI, State: s.State, Scope: s.Scope,
		CodeChallenge: s.Challenge, BrowserHash: s.BrowserHash, RequestID: s.RequestID, VerificationURL: s.URL,
		VerificationDeeplink: s.Deeplink, VerificationEndsAt: microp(s.EndsAt), Attempts: s.Attempts, Checks: s.Checks,
		NextCheck: microp(s.NextCheck), LeaseUntil: microp(s.LeaseUntil), SealedClaims: s.SealedClaims, ErrorCode: s.ErrorCode,
		AuthorizedAt: microp(s.AuthorizedAt), VerifiedAt: microp(s.VerifiedAt), FinishedAt: microp(s.FinishedAt),
		ExpiresAt: micro(s.ExpiresAt), UpdatedAt: micro(s.UpdatedAt), ID: s.ID, Version: s.Version,
		Claims: s.Claims, ResponseMode: s.ResponseMode, SealedRequest: s.SealedRequest, Consent: string(s.Consent),
		GrantedScope: s.GrantedScope, AccountID: s.AccountID, LoginAfter: microp(s.LoginAfter),
		Method: string(s.Method), SealedHint: s.SealedHint,
	}
}

func clientOf(r pgdb.Client) kyc.Client {
	return kyc.Client{
		ID: r.ID, Name: r.Name, RedirectURIs: r.RedirectURIs, Scopes: r.Scopes, PKCERequired: r.PKCERequired,
		ErrorProfile: r.ErrorProfile, CodeDelivery: kyc.CodeDelivery(r.CodeDelivery),
		VerifierURL: r.VerifierURL, VerifierPath: r.VerifierManagementAPIPath, AcceptedIssuers: r.AcceptedIssuerDIDs,
		CredentialTypes: r.CredentialTypes, ClaimPaths: r.ClaimPaths,
		VerifierResponseMode: r.VerifierResponseMode, DeeplinkScheme: r.DeeplinkScheme,
		WebhookURL: r.WebhookURL, WebhookDisabledAt: r.WebhookDisabledAt,
		CodeLifetime:  time.Duration(r.CodeSeconds) * time.Second,
		TokenLifetime: time.Duration(r.TokenSeconds) * time.Second,
		Settings:      r.Settings,
		CreatedAt:     r.CreatedAt, UpdatedAt: r.UpdatedAt, DisabledAt: r.DisabledAt,
	}
}

func createClientParams(c kyc.Client) pgdb.CreateClientParams {
	return pgdb.CreateClientParams{
		ID: c.ID, Name: c.Name, RedirectURIs: c.RedirectURIs, Scopes: c.Scopes, PKCERequired: c.PKCERequired,
		ErrorProfile: c.ErrorProfile, CodeDelivery: string(c.CodeDelivery),
		VerifierURL: c.VerifierURL, VerifierManagementAPIPath: c.VerifierPath, AcceptedIssuerDIDs: c.AcceptedIssuers,
		CredentialTypes: c.CredentialTypes, ClaimPaths: c.ClaimPaths,
		VerifierResponseMode: c.VerifierResponseMode, DeeplinkScheme: c.DeeplinkScheme,
		WebhookURL: c.WebhookURL, WebhookDisabledAt: microp(c.WebhookDisabledAt),
		CodeSeconds: int64(c.CodeLifetime / time.Second), TokenSeconds: int64(c.TokenLifetime / time.Second),
		CreatedAt: micro(c.CreatedAt), UpdatedAt: micro(c.UpdatedAt), DisabledAt: microp(c.DisabledAt),
		Settings: c.Settings,
	}
}

func updateClientParams(c kyc.Client) pgdb.UpdateClientParams {
	p := createClientParams(c)
	return pgdb.UpdateClientParams{
		Name: p.Name, RedirectURIs: p.RedirectURIs, Scopes: p.Scopes, PKCERequired: p.PKCERequired,
		ErrorProfile: p.ErrorProfile, CodeDelivery: p.CodeDelivery,
		VerifierURL: p.VerifierURL, VerifierManagementAPIPath: p.VerifierManagementAPIPath,
		AcceptedIssuerDIDs: p.AcceptedIssuerDIDs, CredentialTypes: p.CredentialTypes, ClaimPaths: p.ClaimPaths,
		VerifierResponseMode: p.VerifierResponseMode, DeeplinkScheme: p.DeeplinkScheme,
		WebhookURL: p.WebhookURL, WebhookDisabledAt: p.WebhookDisabledAt,
		CodeSeconds: p.CodeSeconds, TokenSeconds: p.TokenSeconds,
		UpdatedAt: p.UpdatedAt, DisabledAt: p.DisabledAt, Settings: p.Settings, ID: p.ID,
	}
}

func webhookOf(r pgdb.NotificationPendingWebhook) kyc.Webhook {
	return kyc.Webhook{
		ID: r.ID, SessionID: r.SessionID, ClientID: r.ClientID, URL: r.URL, Event: kyc.EventType(r.Event),
		Attempt: r.Attempt, SealedBody: r.SealedBody, Tries: r.Tries, NextAttempt: r.NextAttempt,
		LeaseUntil: r.LeaseUntil, LastOutcome: r.LastOutcome, CreatedAt: r.CreatedAt,
		DeliveredAt: r.DeliveredAt, DeadAt: r.DeadAt,
	}
}

func webhooksOf(rows []pgdb.NotificationPendingWebhook) []kyc.Webhook {
	out := make([]kyc.Webhook, len(rows))
	for i, r := range rows {
		out[i] = webhookOf(r)
	}
	return out
}

func addWebhookParams(w kyc.Webhook) pgdb.AddWebhookParams {
	return pgdb.AddWebhookParams{
		ID: w.ID, SessionID: w.SessionID, ClientID: w.ClientID, URL: w.URL, Event: string(w.Event),
		Attempt: w.Attempt, SealedBody: w.SealedBody, Tries: w.Tries, NextAttempt: microp(w.NextAttempt),
		LeaseUntil: microp(w.LeaseUntil), LastOutcome: w.LastOutcome, CreatedAt: micro(w.CreatedAt),
	}
}

func codeOf(r pgdb.AuthorizationCode) kyc.Code {
	return kyc.Code{
		SessionID: r.SessionID, Generation: r.Generation, Hash: r.Hash, ClientID: r.ClientID,
		RedirectURI: r.RedirectURI, State: r.State, Challenge: r.CodeChallenge, Scope: r.Scope,
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, UsedAt: r.UsedAt,
	}
}

func putCodeParams(c kyc.Code) pgdb.PutCodeParams {
	return pgdb.PutCodeParams{
		SessionID: c.SessionID, Generation: c.Generation, Hash: c.Hash, ClientID: c.ClientID,
		RedirectURI: c.RedirectURI, State: c.State, CodeChallenge: c.Challenge, Scope: c.Scope,
		CreatedAt: micro(c.CreatedAt), ExpiresAt: micro(c.ExpiresAt),
	}
}

func accessOf(r pgdb.GetTokenRow) Access {
	return Access{
		Token: kyc.Token{
			ID: r.ID, GrantID: r.GrantID, Kind: kyc.SecretKind(r.Kind), Hash: r.Hash, Scope: r.TokenScope,
			CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, RevokedAt: r.RevokedAt,
			RotatedAt: r.RotatedAt, SuccessorID: r.SuccessorID, IssuedWith: r.IssuedWith,
		},
		Grant: kyc.Grant{
			ID: r.GrantID, SessionID: r.SessionID, ClientID: r.ClientID, Method: kyc.Method(r.Method), AccountID: r.AccountID,
			Subject: r.Subject, Scope: r.Scope, Claims: r.Claims,
			SealedClaims: r.SealedClaims, SealedRequest: r.SealedRequest, Consent: kyc.Consent(r.Consent), Once: r.Once, CreatedAt: r.GrantedAt,
			ExpiresAt: r.GrantExpiresAt, RefreshUntil: r.RefreshUntil, RevokedAt: r.GrantRevokedAt,
		},
		ClientDisabledAt: r.DisabledAt,
	}
}

func grantOf(r pgdb.Grant) kyc.Grant {
	return kyc.Grant{
		ID: r.ID, SessionID: r.SessionID, ClientID: r.ClientID, Method: kyc.Method(r.Method), AccountID: r.AccountID,
		Subject: r.Subject, Scope: r.Scope, Claims: r.Claims,
		SealedClaims: r.SealedClaims, SealedRequest: r.SealedRequest, Consent: kyc.Consent(r.Consent), Once: r.Once, CreatedAt: r.CreatedAt,
		ExpiresAt: r.ExpiresAt, RefreshUntil: r.RefreshUntil, RevokedAt: r.RevokedAt,
	}
}

func createTokenParams(t kyc.Token, grantID kyc.ID, now time.Time) pgdb.CreateTokenParams {
	return pgdb.CreateTokenParams{
		ID: t.ID, GrantID: grantID, Kind: string(t.Kind), Hash: t.Hash, CreatedAt: now,
		ExpiresAt: micro(t.ExpiresAt), Scope: t.Scope, IssuedWith: t.IssuedWith,
	}
}
