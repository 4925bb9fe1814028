package server

import (
	"context"
	"net/http"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/server/pages"
)

// contractVersion is the version of the contract as GNU Taler counts: current,
// revision and age.
const contractVersion = "1:0:0"

const shortCache = "public, max-age=300"

// GetConfig implements api.StrictServerInterface.
func (s *Server) GetConfig(context.Context, api.GetConfigRequestObject) (api.GetConfigResponseObject, error) {
	methods := make([]string, len(kyc.Methods))
	for i, m := range kyc.Methods {
		methods[i] = string(m)
	}
	return api.GetConfig200JSONResponse{
		Body: api.ServerConfig{
			Name: "vouchgate", Version: contractVersion,
			Implementation: "urn:vouchgate:" + s.Version, Methods: methods,
		},
		Headers: api.GetConfig200ResponseHeaders{CacheControl: shortCache},
	}, nil
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
