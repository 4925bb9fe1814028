package server

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"vouchgate/kyc"
	"vouchgate/oauth"
)

// setupHint is the address in the body of /setup, by the names of GNU Taler's
// register of form attributes. Members that it does not know are passed over:
// exchanges hand over whatever their rules have put there.
type setupHint struct {
	Email    *string `json:"CONTACT_EMAIL"`
	Phone    *string `json:"CONTACT_PHONE"`
	Name     *string `json:"CONTACT_NAME"`
	Lines    *string `json:"ADDRESS_LINES"`
	Country  *string `json:"ADDRESS_COUNTRY"`
	ReadOnly bool    `json:"read_only"`
}

// fields are those of the members that are there.
func (h setupHint) fields() map[string]string {
	fields := map[string]string{}
	for name, value := range map[string]*string{
		kyc.FieldEmail: h.Email, kyc.FieldPhone: h.Phone, kyc.FieldName: h.Name,
		kyc.FieldLines: h.Lines, kyc.FieldCountry: h.Country,
	} {
		if value != nil {
			fields[name] = *value
		}
	}
	return fields
}

// readHint reads the body of /setup. Without an address there is no method. Errors
// are *oauth.Error.
func (s *Server) readHint(client kyc.Client, body []byte) (kyc.AddressHint, error) {
	var none kyc.AddressHint
	body, err := inflated(body)
	if err != nil {
		return none, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return none, nil
	}
	var h setupHint
	if err := jsonv2.Unmarshal(body, &h); err != nil {
		return none, oauth.InvalidRequest("the body must be a JSON object with an address and read_only").Because(errors.New("setup body is malformed"))
	}
	fields := h.fields()
	if len(fields) == 0 {
		if h.ReadOnly {
			return none, oauth.InvalidRequest("read_only needs an address")
		}
		return none, nil
	}
	method := kyc.MethodOfFields(s.choices(client, "", nil), fields)
	if method == kyc.MethodOpen {
		return s.withoutAddress(client, h.ReadOnly, "the client has no method that proves such an address")
	}
	address, err := s.readAddress(client, method, fields)
	if fault := (*kyc.AddressError)(nil); errors.As(err, &fault) {
		return s.withoutAddress(client, h.ReadOnly, fault.Error())
	}
	return kyc.AddressHint{Address: address, Fixed: h.ReadOnly}, err
}

// withoutAddress is what becomes of an address that cannot be used. One that the
// person may change is only left out: exchanges hand over what somebody once typed, and take
// anything but a nonce for the end.
func (s *Server) withoutAddress(client kyc.Client, fixed bool, why string) (kyc.AddressHint, error) {
	if fixed {
		return kyc.AddressHint{}, oauth.InvalidRequest(why)
	}
	s.Log.Info("address of /setup is not used", "client_id", client.ID, "why", why)
	return kyc.AddressHint{}, nil
}

// inflated undoes the compression of a body, which exchanges use without saying so.
// JSON begins with none of the bytes that zlib begins with (RFC 1950, section 2.2).
func inflated(body []byte) ([]byte, error) {
	if len(body) < 2 || body[0]&0x0f != 8 || (uint(body[0])<<8|uint(body[1]))%31 != 0 {
		return body, nil
	}
	r, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, oauth.InvalidRequest("the body cannot be decompressed").Because(err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxSetup+1))
	switch {
	case err != nil:
		return nil, oauth.InvalidRequest("the body cannot be decompressed").Because(err)
	case len(plain) > maxSetup:
		e := oauth.InvalidRequest("the body is too large")
		e.Status = http.StatusRequestEntityTooLarge
		return nil, e
	}
	return plain, nil
}

// give keeps the address that a client gave, in the session that it is for.
func (s *Server) give(session *kyc.Session, h kyc.AddressHint) error {
	if h.Address.Method == kyc.MethodOpen {
		return nil
	}
	plain, err := h.Encode()
	if err != nil {
		return fmt.Errorf("encoding address: %w", err)
	}
	session.Method = h.Address.Method
	session.SealedHint, err = s.Ring.Seal(kyc.PurposeAddressHint, kyc.ClaimsContext(session.ID, session.ClientID), plain)
	return err
}

// guardSetup reads the body of /setup as it came.
func guardSetup(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSetup))
	if err != nil {
		return bodyFault(err)
	}
	visitOf(r.Context()).body = body
	r.Body, r.ContentLength = http.NoBody, 0
	r.Header.Del("Content-Encoding")
	return nil
}

// isChallenger says whether a path belongs to GNU Taler Challenger's web apps.
func isChallenger(path string) bool {
	return strings.HasPrefix(path, "/challenge/") || strings.HasPrefix(path, "/solve/")
}
