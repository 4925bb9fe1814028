package swiyu

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"vouchgate/kyc"
)

// expectation is what an answer is held against.
type expectation struct {
	id      kyc.ID // of the verification that was asked for
	profile Profile
	claims  []string // that the scope asks for
	now     time.Time
}

var errNoState = errors.New("answer has no state")

// judge says what a successful answer of the verifier means. It is pure, and
// only judgeSuccess, behind state SUCCESS and the right id, makes a proof.
//
// A state that is neither SUCCESS nor FAILED, whatever its type or case, is
// pending: the verifier has had hidden states before, and a verification that
// really hangs ends with its time. An answer without any state, or that is no
// JSON object, is ErrUnavailable.
func judge(raw []byte, want expectation) (kyc.Outcome, error) {
	o, err := parse(raw)
	if err != nil {
		return kyc.Outcome{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	state, ok := o["state"]
	if !ok {
		return kyc.Outcome{}, fmt.Errorf("%w: %w", ErrUnavailable, errNoState)
	}
	if state != "SUCCESS" && state != "FAILED" {
		return kyc.Outcome{Kind: kyc.OutcomePending}, nil
	}
	idText, _ := o["id"].(string)
	if id, err := kyc.ParseID(idText); err != nil || id != want.id {
		return refused(kyc.FailureVerification, ReasonOtherID), nil
	}
	response, _ := o["wallet_response"].(object)
	if state == "FAILED" {
		return failed(response["error_code"]), nil
	}
	return judgeSuccess(response, o["credential_evaluation"], want), nil
}

func judgeSuccess(response object, evaluation any, want expectation) kyc.Outcome {
	if response["error_code"] != nil {
		return refused(kyc.FailureVerification, ReasonContradiction)
	}
	credential, key, reason := findCredential(response["credential_subject_data"], want)
	if reason == ReasonSeveral {
		return refused(kyc.FailureVerification, reason)
	}
	if reason != "" {
		return refused(kyc.FailureClaims, reason)
	}
	if revoked(evaluation, key) {
		return refused(kyc.FailureCredential, ReasonStatus)
	}
	// The verifier enforces vct_values and accepted_issuer_dids of our request by
	// itself. When the data name type and issuer, they must agree; when they do
	// not, the verifier's SUCCESS is what vouches for both.
	issuer, ok := accepted(credential, "iss", want.profile.AcceptedIssuers)
	if !ok {
		return refused(kyc.FailureIssuer, ReasonIssuer)
	}
	kind, ok := accepted(credential, "vct", want.profile.CredentialTypes)
	if !ok {
		return refused(kyc.FailureVerification, ReasonType)
	}
	claims, reason := readClaims(credential, want)
	if reason != "" {
		return refused(kyc.FailureClaims, reason)
	}
	return kyc.Outcome{Kind: kyc.OutcomeProved, Proof: kyc.Proof{
		Method: kyc.MethodSwiyu, Issuer: issuer, Type: kind, VerifiedAt: want.now, Claims: claims,
	}}
}

// findCredential finds the one credential in credential_subject_data and the key
// it stands under (empty if flat). Since verifier 2.3 the data are keyed by the
// credential's id in the query, each value a list; before, they were the claims
// themselves. One single credential under another key is taken as well, so that
// changing the profile does not fail what is under way. Two credentials could be
// those of two persons: refused.
func findCredential(subject any, want expectation) (credential object, key string, reason Reason) {
	data, ok := subject.(object)
	if subject != nil && !ok {
		return nil, "", ReasonShape
	}
	if len(data) == 0 {
		return nil, "", ReasonNoData
	}
	key = want.profile.CredentialID
	list, ok := credentialList(data[key])
	if !ok && len(data) == 1 {
		for key = range data {
			list, ok = credentialList(data[key])
		}
	}
	switch {
	case ok && len(list) == 1:
		return list[0], key, ""
	case ok && len(list) > 1:
		return nil, "", ReasonSeveral
	case ok:
		return nil, "", ReasonNoData
	}
	for _, name := range want.claims {
		if _, found := data[pathOf(want.profile.ClaimPaths, name)[0]]; found {
			return data, "", ""
		}
	}
	return nil, "", ReasonShape
}

// credentialList reads a list of credentials; ok is false if it is not a list of
// objects, such as a flat claim that has a list of texts.
func credentialList(v any) (list []object, ok bool) {
	entries, ok := v.([]any)
	for _, entry := range entries {
		credential, isObject := entry.(object)
		if !isObject {
			return nil, false
		}
		list = append(list, credential)
	}
	return list, ok
}

// revoked reads the credential_evaluation of majors from 5 on, if the operator
// turned it on. Only a clear no counts: absence says nothing.
func revoked(evaluation any, key string) bool {
	byKey, _ := evaluation.(object)
	entries, isList := byKey[key].([]any)
	if !isList {
		entries = []any{byKey[key]}
	}
	return slices.ContainsFunc(entries, func(entry any) bool {
		e, _ := entry.(object)
		status, _ := e["credential_status"].(object)
		return status["valid"] == false
	})
}

// accepted returns a registered claim (iss and vct of an SD-JWT VC)
// if it is one of the accepted values, or empty if the data do not carry it.
func accepted(credential object, name string, values []string) (value string, ok bool) {
	carried, present := credential[name]
	if !present {
		return "", true
	}
	value, ok = carried.(string)
	if !ok || !slices.Contains(values, value) {
		return "", false
	}
	return value, true
}

// readClaims returns exactly the claims that were asked for. What a wallet
// discloses beyond them is dropped here and never kept. Where none was asked for,
// the credential itself is the proof, and has to say at least what it is.
func readClaims(credential object, want expectation) (kyc.Claims, Reason) {
	if len(want.claims) == 0 && credential["vct"] == nil {
		return nil, ReasonClaimMissing
	}
	claims := make(kyc.Claims, len(want.claims))
	for _, name := range want.claims {
		value, found := lookUp(credential, pathOf(want.profile.ClaimPaths, name))
		if !found {
			return nil, ReasonClaimMissing
		}
		normal, err := kyc.NormalizeClaim(name, value)
		if err != nil {
			return nil, ReasonClaimUnusable
		}
		claims[name] = normal
	}
	return claims, ""
}

func lookUp(credential object, path []string) (value any, found bool) {
	value = credential
	for _, name := range path {
		o, ok := value.(object)
		if !ok {
			return nil, false
		}
		if value, ok = o[name]; !ok {
			return nil, false
		}
	}
	return value, value != nil
}
