package server

import (
	"context"
	"net/http"
	"slices"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/server/pages"
)

// contractVersion is the version of the contract as GNU Taler counts: current,
// revision and age.
const contractVersion = "2:0:1"

const shortCache = "public, max-age=300"

// GetConfig implements api.StrictServerInterface.
func (s *Server) GetConfig(ctx context.Context, _ api.GetConfigRequestObject) (api.GetConfigResponseObject, error) {
	config := api.ServerConfig{
		Name: "vouchgate", Version: contractVersion, Implementation: "urn:vouchgate:" + s.Version, Methods: wordsOf(s.usable(kyc.Methods)),
	}
	if s.ConfigFor != "" {
		if err := s.asChallenger(ctx, &config); err != nil {
			return nil, err
		}
	}
	return api.GetConfig200JSONResponse{
		Body: config, Headers: api.GetConfig200ResponseHeaders{CacheControl: shortCache},
	}, nil
}

// asChallenger tells what GNU Taler Challenger would tell if it stood for one client
// alone. A client that is unknown or proves no address leaves the answer as it is.
func (s *Server) asChallenger(ctx context.Context, config *api.ServerConfig) error {
	client, err := s.Store.Client(ctx, s.ConfigFor)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	at := slices.IndexFunc(client.Methods, kyc.Method.Addressed)
	if at < 0 {
		return nil
	}
	config.Name, config.Version = "challenger", challengerProtocol
	config.AddressType, config.AddressHint, config.Restrictions = challengerConfig(client, client.Methods[at])
	return nil
}

// GetContract implements api.StrictServerInterface.
func (s *Server) GetContract(context.Context, api.GetContractRequestObject) (api.GetContractResponseObject, error) {
	return answer{status: http.StatusOK, body: api.Contract, header: http.Header{
		"Content-Type": {"application/yaml"}, "Cache-Control": {shortCache}, "X-Content-Type-Options": {"nosniff"},
	}}, nil
}

// GetDocs implements api.StrictServerInterface.
func (s *Server) GetDocs(context.Context, api.GetDocsRequestObject) (api.GetDocsResponseObject, error) {
	body, err := s.docs()
	if err != nil {
		return nil, err
	}
	a := pageAnswer(http.StatusOK, pages.English, body)
	a.header.Set("Cache-Control", shortCache)
	return a, nil
}

// GetAsset implements api.StrictServerInterface.
func (s *Server) GetAsset(_ context.Context, r api.GetAssetRequestObject) (api.GetAssetResponseObject, error) {
	body, contentType, ok := s.pages.Asset(r.File)
	if !ok {
		return nil, errNoPath
	}
	return answer{status: http.StatusOK, body: body, header: http.Header{
		"Content-Type": {contentType}, "Cache-Control": {pages.AssetCacheControl}, "X-Content-Type-Options": {"nosniff"},
	}}, nil
}
