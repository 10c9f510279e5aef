#!/bin/sh
# Writes all that follows from background.yaml in a tree like openapi/:
#   generate.sh [tree]
# Needs nothing but Go.
set -eu
cd "${1:-openapi}/tools"
go run ./derive -in ../background.yaml -erp ../erp/erp.yaml -overlay aliases.overlay.yaml
go tool oapi-codegen -config models.config.yaml ../background.yaml
go tool oapi-codegen -config background.config.yaml ../background.yaml
go tool oapi-codegen -config erp.config.yaml ../erp/erp.yaml
go tool oapi-codegen -config server.config.yaml ../erp/erp.yaml
go run ./refpage -spec ../background.yaml -page ../index.html
