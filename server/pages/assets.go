package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
)

//go:embed assets/*
var assetFiles embed.FS

// AssetPrefix is the path below which the pages look for their assets.
const AssetPrefix = "/assets/"

// AssetCacheControl is the Cache-Control header of an asset: its name holds a
// hash of its content, so it never changes (RFC 8246).
const AssetCacheControl = "public, max-age=31536000, immutable"

// assetTypes are the kinds of files that there are, by extension.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

type assets struct {
	hashed map[string]string // plain name to hashed name
	files  map[string][]byte // by hashed name
}

func loadAssets() (*assets, error) {
	a := &assets{hashed: make(map[string]string), files: make(map[string][]byte)}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil, fmt.Errorf("reading assets: %w", err)
	}
	for _, e := range entries {
		b, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("reading assets: %w", err)
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(e.Name())
		name := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.hashed[e.Name()], a.files[name] = name, b
	}
	return a, nil
}

// path returns where the pages find an asset. A template that names one that does
// not exist fails.
func (a *assets) path(name string) (string, error) {
	hashed, ok := a.hashed[name]
	if !ok {
		return "", fmt.Errorf("no asset %s", name)
	}
	return AssetPrefix + hashed, nil
}

// Asset returns the asset of a name as in AssetPrefix + name, and its
// Content-Type; false if there is none. The bytes must not be changed.
func (p *Pages) Asset(name string) (body []byte, contentType string, ok bool) {
	body, ok = p.assets.files[name]
	return body, assetTypes[path.Ext(name)], ok
}

// Assets lists the names that Asset knows, in alphabetical order.
func (p *Pages) Assets() []string {
	names := make([]string, 0, len(p.assets.files))
	for name := range p.assets.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
