#!/bin/sh
# Writes all that follows from background.yaml, and from the document of the
# mock's admin API, and of examples/anyoperation, in trees like openapi/,
# mockserver/admin/ and that, which stand beside each other as here:
#   generate.sh [root]
# Needs nothing but Go. Run from the root of the repository.
set -eu
root=$(cd "${1:-.}" && pwd)
example="$root/examples/anyoperation"
go run ./openapi/cmd/bgspec foreground "$example/erp.json" -q --tag SupplierInvoice --mend dates,decimals,headers -o "$example/supplierinvoice.yaml"
go run ./openapi/internal/erpview -in "$root/openapi/background.yaml" -out "$root/openapi/erp/erp.yaml"
cd "$root/openapi/tools"
go tool oapi-codegen -config "$example/oapi-codegen.yaml" -o "$example/supplierinvoice/client.gen.go" "$example/supplierinvoice.yaml"
go run ./derive -in ../background.yaml -edition31 ../background-3.1.yaml -overlay aliases.overlay.yaml
go tool oapi-codegen -config models.config.yaml ../background.yaml
go tool oapi-codegen -config background.config.yaml ../background.yaml
go tool oapi-codegen -config erp.config.yaml ../erp/erp.yaml
go tool oapi-codegen -config server.config.yaml ../erp/erp.yaml
go run ./refpage -spec ../background.yaml -page ../index.html
admin=../../mockserver/admin
go tool oapi-codegen -config admin-server.config.yaml $admin/openapi.yaml
go tool oapi-codegen -config admin-client.config.yaml $admin/openapi.yaml
go run ./refpage -spec $admin/openapi.yaml -page $admin/openapi.json
