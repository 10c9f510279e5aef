#!/bin/sh
# Writes all that follows from background.yaml, and from the document of the
# mock's admin API, in trees like openapi/ and mockserver/admin/, which stand
# beside each other as here:
#   generate.sh [root]
# Needs nothing but Go.
set -eu
cd "${1:-.}/openapi/tools"
go run ./derive -in ../background.yaml -erp ../erp/erp.yaml -edition31 ../background-3.1.yaml -overlay aliases.overlay.yaml
go tool oapi-codegen -config models.config.yaml ../background.yaml
go tool oapi-codegen -config background.config.yaml ../background.yaml
go tool oapi-codegen -config erp.config.yaml ../erp/erp.yaml
go tool oapi-codegen -config server.config.yaml ../erp/erp.yaml
go run ./refpage -spec ../background.yaml -page ../index.html
admin=../../mockserver/admin
go tool oapi-codegen -config admin-server.config.yaml $admin/openapi.yaml
go tool oapi-codegen -config admin-client.config.yaml $admin/openapi.yaml
go run ./refpage -spec $admin/openapi.yaml -page $admin/openapi.json
