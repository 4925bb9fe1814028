package pages

import (
	"net/http"
	"strings"
)

// Headers returns the headers of every page: nothing is loaded from elsewhere,
// nothing may frame the page, keep it or learn its address.
//
// formTargets are the redirect URIs that a form of the page may end at. Chromium
// applies form-action to all redirects after a form and so would stop the way home
// to the client, and where the client sends the browser next, which is not known
// here: so with a target every https address is allowed beside it. Targets that
// cannot be named in a policy are left out.
func Headers(lang Lang, formTargets ...string) http.Header {
	forms := []string{"'self'"}
	if len(formTargets) > 0 {
		forms = append(forms, "https:")
	}
	for _, target := range formTargets {
		if source := FormTarget(target); source != "" && !strings.HasPrefix(source, "https:") {
			forms = append(forms, source)
		}
	}
	policy := []string{
		"default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self' data:", "connect-src 'self'",
		"base-uri 'none'", "frame-ancestors 'none'", "form-action " + strings.Join(forms, " "),
	}
	h := make(http.Header)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(lang))
	h.Set("Content-Security-Policy", strings.Join(policy, "; "))
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language")
	return h
}
