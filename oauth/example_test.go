package oauth_test

import (
	"errors"
	"fmt"

	"vouchgate/oauth"
)

// An authorization endpoint answers in one of three ways.
func ExampleParseAuthorize() {
	look := func(id string) (oauth.Client, error) {
		if id != "shop" {
			return oauth.Client{}, oauth.ErrNoClient
		}
		return oauth.Client{ID: id, RedirectURIs: []string{"https://shop.example/cb"}, Scopes: []string{"profile"}}, nil
	}
	known := func(scope string) bool { return scope == "profile" }

	for _, query := range []string{
		"response_type=code&client_id=shop&state=7&redirect_uri=https%3A%2F%2Fshop.example%2Fcb",
		"response_type=token&client_id=shop&state=7&redirect_uri=https%3A%2F%2Fshop.example%2Fcb",
		"response_type=code&client_id=shop&state=7&redirect_uri=https%3A%2F%2Fevil.example%2Fcb",
	} {
		request, err := oauth.ParseAuthorize(query, look, known)
		var page *oauth.ShownError
		var redirect *oauth.RedirectError
		switch {
		case errors.As(err, &page):
			fmt.Println("page:", page.Status, page.Reason)
		case errors.As(err, &redirect):
			fmt.Println("303:", redirect.URL(oauth.ProfileOAuth, "https://id.example"))
		case err != nil:
			fmt.Println("500")
		default:
			fmt.Println("go on:", request.Scope)
		}
	}
	// Output:
	// go on: profile
	// 303: https://shop.example/cb?error=unsupported_response_type&error_description=response_type%20must%20be%20code&state=7&iss=https%3A%2F%2Fid.example
	// page: 400 unknown_redirect_uri
}

// A token endpoint authenticates the client, finds the code, and checks what the
// code is bound to.
func ExampleTokenRequest_Check() {
	form, err := oauth.ParseParams("grant_type=authorization_code&code=x&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&client_id=shop&client_secret=pw")
	if err != nil {
		fmt.Println(oauth.AsError(err).Status)
		return
	}
	client, err := oauth.ParseClientCredentials(nil, form)
	if err != nil {
		fmt.Println(oauth.AsError(err).Status)
		return
	}
	request, err := oauth.ParseTokenRequest(form)
	if err != nil {
		fmt.Println(oauth.AsError(err).Status)
		return
	}
	binding := oauth.CodeBinding{ClientID: "shop", RedirectURI: "https://shop.example/cb", State: "7"}
	fmt.Println(client, request.Check(client.ClientID, binding))
	// Output:
	// oauth.Credentials("shop", secret not shown) <nil>
}

func ExampleError_Challenge() {
	_, err := oauth.ParseBearer([]string{"Bearer two words"})
	refused := oauth.AsError(err)
	fmt.Println(refused.Status, refused.Challenge("vouchgate"))
	// Output:
	// 401 Bearer realm="vouchgate", error="invalid_token", error_description="access token malformed"
}
