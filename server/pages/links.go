package pages

import (
	"html/template"
	"net/url"
	"regexp"
	"strings"
)

// privateScheme is the scheme of an app that is named after a domain of its maker
// (RFC 8252, section 7.1).
const privateScheme = `[a-z][a-z0-9-]*(\.[a-z0-9-]+)+`

// Schemes are allowed by what they are, never by what they are not: a browser
// knows more ways to run code than a list of bad schemes would name.
var (
	walletScheme = regexp.MustCompile(`^(https?|haip|haip-vp|swiyu|openid4vp|[a-z][a-z0-9]*-(openid4vp|verify|verifier|wallet)|` +
		privateScheme + `)$`)
	returnScheme = regexp.MustCompile(`^(https?|` + privateScheme + `)$`)
	sourceHost   = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
)

// WalletLink says whether a page may offer a deep link as a button: an absolute
// link over http(s), with the scheme of a wallet (swiyu, openid4vp, haip,
// anything-verify, anything-openid4vp, anything-wallet) or with an app's private
// scheme such as ch.example.wallet.
func WalletLink(link string) bool { return linkable(link, walletScheme) }

func linkable(link string, schemes *regexp.Regexp) bool {
	u, err := url.Parse(link)
	if err != nil || !schemes.MatchString(u.Scheme) || u.User != nil {
		return false
	}
	web := u.Scheme == "http" || u.Scheme == "https"
	return !web || u.Host != ""
}

// safeURL marks a link as checked for html/template, which otherwise lets web
// addresses pass only. It is empty for a link that must not be shown.
func safeURL(link string, schemes *regexp.Regexp) template.URL {
	if !linkable(link, schemes) {
		return ""
	}
	return template.URL(link)
}

// ownURL marks a path or URL of our own server as checked.
func ownURL(link string) template.URL {
	if strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//") {
		return template.URL(link)
	}
	return safeURL(link, returnScheme)
}

// FormTarget returns the source expression of a redirect URI for form-action
// (CSP 3, section 2.3.1): its origin, or the scheme of an app. Browsers know no
// expression for an address of IP version 6, so there it is the scheme alone. It
// is empty for a URI that cannot be named in a policy.
func FormTarget(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil || !returnScheme.MatchString(u.Scheme) {
		return ""
	}
	if strings.Contains(u.Scheme, ".") {
		return u.Scheme + ":"
	}
	if !sourceHost.MatchString(u.Host) {
		return ""
	}
	if strings.HasPrefix(u.Host, "[") {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}
