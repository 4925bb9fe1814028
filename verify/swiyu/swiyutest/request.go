package swiyutest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// createRequest is the body of a create call. Members that the mock has no use
// for are ignored, as the real verifier ignores what it does not know.
type createRequest struct {
	AcceptedIssuers *[]*string     `json:"accepted_issuer_dids"`
	TrustAnchors    *[]trustAnchor `json:"trust_anchors"`
	ResponseMode    responseMode   `json:"response_mode"`
	Query           *dcqlQuery     `json:"dcql_query"`
	Override        *struct {
		ExternalURL string `json:"external_url"`
		VerifierDID string `json:"verifier_did"`
	} `json:"configuration_override"`
}

type trustAnchor struct {
	DID      string `json:"did"`
	Registry string `json:"trust_registry_uri"`
}

type dcqlQuery struct {
	Credentials    []dcqlCredential  `json:"credentials"`
	CredentialSets []json.RawMessage `json:"credential_sets,omitempty"`
}

type dcqlCredential struct {
	ID                 string          `json:"id"`
	Format             string          `json:"format"`
	Meta               *dcqlMeta       `json:"meta"`
	Claims             *[]dcqlClaim    `json:"claims,omitempty"`
	Multiple           bool            `json:"multiple,omitempty"`
	HolderBinding      *bool           `json:"require_cryptographic_holder_binding,omitempty"`
	ClaimSets          json.RawMessage `json:"claim_sets,omitempty"`
	TrustedAuthorities json.RawMessage `json:"trusted_authorities,omitempty"`
}

type dcqlMeta struct {
	Types *[]string `json:"vct_values"`
}

type dcqlClaim struct {
	ID     string `json:"id,omitempty"`
	Path   []any  `json:"path"`
	Values *[]any `json:"values,omitempty"`
}

// responseMode is an enumeration whose unknown values make the JSON unreadable,
// not invalid.
type responseMode string

func (m *responseMode) UnmarshalText(b []byte) error {
	*m = responseMode(b)
	if *m != "direct_post" && *m != "direct_post.jwt" {
		return fmt.Errorf("unknown response mode")
	}
	return nil
}

func (m *dcqlMeta) types() []string {
	if m == nil || m.Types == nil {
		return nil
	}
	return *m.Types
}

func (c dcqlCredential) claims() []dcqlClaim {
	if c.Claims == nil {
		return nil
	}
	return *c.Claims
}

func (c dcqlClaim) names() []string {
	names := make([]string, len(c.Path))
	for i, element := range c.Path {
		names[i] = fmt.Sprint(element)
	}
	return names
}

// asked lists the claims of the first credential, nested ones with dots.
func (r createRequest) asked() []string {
	asked := []string{}
	for _, c := range r.Query.Credentials[0].claims() {
		asked = append(asked, strings.Join(c.names(), "."))
	}
	return asked
}

func (r createRequest) firstIssuer() string {
	if r.AcceptedIssuers != nil {
		return *(*r.AcceptedIssuers)[0]
	}
	return (*r.TrustAnchors)[0].DID
}

var credentialID = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// faults lists what the real verifier would refuse with 400, each as
// "javaFieldName: reason".
func (r createRequest) faults() []string {
	var f []string
	add := func(format string, args ...any) { f = append(f, fmt.Sprintf(format, args...)) }
	if r.AcceptedIssuers == nil && r.TrustAnchors == nil {
		add("createVerificationManagementDto: acceptedIssuerDids or trustAnchors must be present")
	}
	if d := r.AcceptedIssuers; d != nil && (len(*d) == 0 || slices.Contains(*d, nil)) {
		add("acceptedIssuerDids: must hold at least one value and no null")
	}
	if a := r.TrustAnchors; a != nil && len(*a) == 0 {
		add("trustAnchors: must hold at least one value and no null")
	} else if a != nil {
		for i, anchor := range *a {
			if anchor.DID == "" || !strings.HasPrefix(anchor.Registry, "https://") {
				add("trustAnchors[%d].trustRegistryUri: did and an https address are needed", i)
			}
		}
	}
	if o := r.Override; o != nil && o.ExternalURL != "" && !strings.HasPrefix(o.ExternalURL, "https://") {
		add("configurationOverride.externalUrl: must match \"^https://.*\"")
	}
	if r.Query == nil {
		add("dcqlQuery: must not be null")
		return f
	}
	return append(f, r.Query.faults()...)
}

func (q dcqlQuery) faults() []string {
	var f []string
	if len(q.Credentials) == 0 {
		f = append(f, "dcqlQuery.credentials: must not be empty")
	}
	if len(q.CredentialSets) > 0 {
		f = append(f, "dcqlQuery.credentialSets: is not supported")
	}
	for i, c := range q.Credentials {
		for _, fault := range c.faults() {
			f = append(f, fmt.Sprintf("dcqlQuery.credentials[%d].%s", i, fault))
		}
	}
	return f
}

func (c dcqlCredential) faults() []string {
	var f []string
	check := func(bad bool, fault string) {
		if bad {
			f = append(f, fault)
		}
	}
	check(!credentialID.MatchString(c.ID), "id: must match \"^[a-zA-Z0-9_-]+$\"")
	check(c.Format == "", "format: must not be blank")
	check(c.Meta == nil, "meta: must not be null")
	check(c.Meta != nil && c.Meta.Types != nil && len(*c.Meta.Types) == 0, "meta.vctValues: must not be empty")
	check(c.Multiple, "multiple: is not supported")
	check(given(c.ClaimSets), "claimSets: is not supported")
	check(given(c.TrustedAuthorities), "trustedAuthorities: is not supported")
	check(c.Claims != nil && len(*c.Claims) == 0, "claims: must not be empty")
	for i, claim := range c.claims() {
		check(!claim.pathOK(), fmt.Sprintf("claims[%d].path: must be a non-empty list of names, indices or null", i))
		check(claim.Values != nil && len(*claim.Values) == 0, fmt.Sprintf("claims[%d].values: must not be empty", i))
	}
	return f
}

func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func (c dcqlClaim) pathOK() bool {
	for _, element := range c.Path {
		switch e := element.(type) {
		case nil, string:
		case float64:
			if e < 0 || e != float64(int64(e)) {
				return false
			}
		default:
			return false
		}
	}
	return len(c.Path) > 0
}

// hitsNull says whether the real verifier would stumble over a member that its
// own rules forgot to demand, and answer 500.
func (r createRequest) hitsNull() bool {
	return slices.ContainsFunc(r.Query.Credentials, func(c dcqlCredential) bool { return c.Meta.Types == nil })
}
