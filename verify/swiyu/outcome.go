package swiyu

import (
	"slices"

	"vouchgate/kyc"
)

func refused(failure kyc.FailureCode, reason Reason) kyc.Outcome {
	return kyc.Outcome{Kind: kyc.OutcomeRefused, Failure: failure, Detail: string(reason)}
}

// Reason says more exactly than a kyc.FailureCode why a verification was
// refused, and is the Detail of an outcome. It is one of the verifier's own error codes or one of the reasons
// below, never text that somebody else made up.
type Reason string

// The reasons that are not error codes of the verifier. All but the first two
// mean that it said SUCCESS and we do not believe it.
const (
	ReasonNoCode        Reason = "no_error_code"      // FAILED, without saying why
	ReasonUnknownCode   Reason = "unknown_error_code" // FAILED, with a code that is in no list
	ReasonOtherID       Reason = "other_id"           // the answer is about another verification
	ReasonContradiction Reason = "error_with_success" // an error code beside SUCCESS
	ReasonNoData        Reason = "no_subject_data"    // the verifier hands out no claims; see Fetch
	ReasonSeveral       Reason = "several_credentials"
	ReasonShape         Reason = "unknown_data_shape"
	ReasonClaimMissing  Reason = "claim_missing"
	ReasonClaimUnusable Reason = "claim_unusable"
	ReasonIssuer        Reason = "other_issuer"
	ReasonType          Reason = "other_credential_type"
	ReasonStatus        Reason = "credential_status_not_valid"
)

// verifierCodes are the values of wallet_response.error_code, as of verifier
// 4.2.0, and one that 2.0 to 3.0 had.
var verifierCodes = []Reason{
	"access_denied", "client_rejected",
	"issuer_not_accepted",
	"credential_expired", "credential_invalid", "credential_missing_data", "credential_revoked", "credential_suspended",
	"jwt_expired", "jwt_premature", "malformed_credential",
	"authorization_request_missing_error_param", "authorization_request_object_not_found",
	"holder_binding_mismatch", "invalid_client", "invalid_format", "invalid_presentation_definition",
	"invalid_presentation_definition_reference", "invalid_presentation_definition_uri",
	"invalid_presentation_submission", "invalid_request", "invalid_scope", "invalid_token_status_list",
	"missing_nonce", "presentation_submission_constraint_violated", "public_key_of_issuer_unresolvable",
	"unresolvable_status_list", "unsupported_format", "vp_formats_not_supported",
	"verification_process_closed",
}

// failed reads the error_code of a FAILED verification. The error_description
// beside it is not read at all: on a rejection the wallet wrote it.
func failed(code any) kyc.Outcome {
	name, ok := code.(string)
	if !ok || name == "" {
		return refused(kyc.FailureVerification, ReasonNoCode)
	}
	if !slices.Contains(verifierCodes, Reason(name)) {
		return refused(kyc.FailureVerification, ReasonUnknownCode)
	}
	failure := kyc.FailureVerification
	switch name {
	case "access_denied", "client_rejected":
		failure = kyc.FailureRefusedByWallet
	case "issuer_not_accepted":
		failure = kyc.FailureIssuer
	case "credential_expired", "credential_invalid", "credential_missing_data", "credential_revoked",
		"credential_suspended", "jwt_expired", "jwt_premature", "malformed_credential":
		failure = kyc.FailureCredential
	}
	return refused(failure, Reason(name))
}
