package server

import "net/http"

// VisitAuthorizeResponse implements api.AuthorizeResponseObject.
func (a answer) VisitAuthorizeResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitAuthorizeHereResponse implements api.AuthorizeHereResponseObject.
func (a answer) VisitAuthorizeHereResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitAuthorizeVisitResponse implements api.AuthorizeVisitResponseObject.
func (a answer) VisitAuthorizeVisitResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitAuthorizeVisitByFormResponse implements api.AuthorizeVisitByFormResponseObject.
func (a answer) VisitAuthorizeVisitByFormResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitShowSessionResponse implements api.ShowSessionResponseObject.
func (a answer) VisitShowSessionResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitRetrySessionResponse implements api.RetrySessionResponseObject.
func (a answer) VisitRetrySessionResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitCancelSessionResponse implements api.CancelSessionResponseObject.
func (a answer) VisitCancelSessionResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitFinishSessionResponse implements api.FinishSessionResponseObject.
func (a answer) VisitFinishSessionResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitShowLoginResponse implements api.ShowLoginResponseObject.
func (a answer) VisitShowLoginResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitLoginResponse implements api.LoginResponseObject.
func (a answer) VisitLoginResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitShowConsentResponse implements api.ShowConsentResponseObject.
func (a answer) VisitShowConsentResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitConsentResponse implements api.ConsentResponseObject.
func (a answer) VisitConsentResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitSwitchAccountResponse implements api.SwitchAccountResponseObject.
func (a answer) VisitSwitchAccountResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitWithdrawSessionResponse implements api.WithdrawSessionResponseObject.
func (a answer) VisitWithdrawSessionResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitShowSignInResponse implements api.ShowSignInResponseObject.
func (a answer) VisitShowSignInResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitSignInResponse implements api.SignInResponseObject.
func (a answer) VisitSignInResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitSignOutResponse implements api.SignOutResponseObject.
func (a answer) VisitSignOutResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitShowMeResponse implements api.ShowMeResponseObject.
func (a answer) VisitShowMeResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitWithdrawGrantResponse implements api.WithdrawGrantResponseObject.
func (a answer) VisitWithdrawGrantResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitEraseMeResponse implements api.EraseMeResponseObject.
func (a answer) VisitEraseMeResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetAssetResponse implements api.GetAssetResponseObject.
func (a answer) VisitGetAssetResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetDocsResponse implements api.GetDocsResponseObject.
func (a answer) VisitGetDocsResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetContractResponse implements api.GetContractResponseObject.
func (a answer) VisitGetContractResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitInfoResponse implements api.InfoResponseObject.
func (a answer) VisitInfoResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUserinfoResponse implements api.UserinfoResponseObject.
func (a answer) VisitUserinfoResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUserinfoByPostResponse implements api.UserinfoByPostResponseObject.
func (a answer) VisitUserinfoByPostResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitIntrospectResponse implements api.IntrospectResponseObject.
func (a answer) VisitIntrospectResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitRevokeResponse implements api.RevokeResponseObject.
func (a answer) VisitRevokeResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetServerMetadataResponse implements api.GetServerMetadataResponseObject.
func (a answer) VisitGetServerMetadataResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetOpenIDConfigurationResponse implements api.GetOpenIDConfigurationResponseObject.
func (a answer) VisitGetOpenIDConfigurationResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetJWKSResponse implements api.GetJWKSResponseObject.
func (a answer) VisitGetJWKSResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitTokenResponse implements api.TokenResponseObject.
func (a answer) VisitTokenResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitShowChoiceResponse implements api.ShowChoiceResponseObject.
func (a answer) VisitShowChoiceResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitChooseResponse implements api.ChooseResponseObject.
func (a answer) VisitChooseResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitShowAddressResponse implements api.ShowAddressResponseObject.
func (a answer) VisitShowAddressResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitEnterAddressResponse implements api.EnterAddressResponseObject.
func (a answer) VisitEnterAddressResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitShowPINResponse implements api.ShowPINResponseObject.
func (a answer) VisitShowPINResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitEnterPINResponse implements api.EnterPINResponseObject.
func (a answer) VisitEnterPINResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitResendTANResponse implements api.ResendTANResponseObject.
func (a answer) VisitResendTANResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitOpenLetterResponse implements api.OpenLetterResponseObject.
func (a answer) VisitOpenLetterResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitChallengeResponse implements api.ChallengeResponseObject.
func (a answer) VisitChallengeResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitSolveResponse implements api.SolveResponseObject.
func (a answer) VisitSolveResponse(w http.ResponseWriter) error { return a.write(w) }
