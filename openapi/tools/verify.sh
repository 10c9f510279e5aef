#!/bin/sh
# Fails if a generated file is not what the documents give, if a client that
# was generated with other options than ours does not run in the background, and
# if the generator from the edition in OpenAPI 3.1, or the one under its former
# path, does not write code that compiles.
# Works on a copy: the tree stays as it is. Run from the root of the repository.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd openapi/tools && go test -vet=all ./...)

mkdir "$work/mockserver" "$work/examples"
cp -R openapi "$work/openapi"
cp -R mockserver/admin "$work/mockserver/admin"
cp -R examples/anyoperation "$work/examples/anyoperation"
find "$work" -name '*.gen.go' -delete
rm "$work/openapi/erp/erp.yaml" "$work/openapi/background-3.1.yaml" "$work/openapi/tools/aliases.overlay.yaml" "$work/mockserver/admin/openapi.json" "$work/examples/anyoperation/supplierinvoice.yaml"
sh openapi/tools/generate.sh "$work"
for tree in openapi mockserver/admin examples/anyoperation; do
	if ! diff -r -q $tree "$work/$tree"; then
		echo "$tree: generated files are out of date; run \"make generate\"" >&2
		exit 1
	fi
done

# The foreign client is laid over the directory of its test.
(cd openapi/tools && go tool oapi-codegen -config plain.config.yaml -o "$work/plain.go" ../erp/erp.yaml)
printf '{"Replace": {"%s/openapi/internal/plain/client.gen.go": "%s/plain.go"}}\n' "$PWD" "$work" >"$work/overlay.json"
go test -vet=all -tags plain -overlay "$work/overlay.json" ./openapi/internal/plain

# The edition in OpenAPI 3.1, as a user would generate from it: a client, and a
# receiver of its webhook.
(cd openapi/tools && go tool oapi-codegen -generate types,client,std-http-server -package edition31 -o "$work/edition31.go" ../background-3.1.yaml)
grep -q 'OnSubscriptionNotificationWebhookHandler' "$work/edition31.go"
go vet "$work/edition31.go"

# Formerly published as github.com/deepmap/oapi-codegen/v2. What it writes is
# compiled against the module's own requirements.
(cd openapi/tools/deepmap && go tool oapi-codegen -generate types,client -package former -o "$work/former.go" ../../background.yaml)
go vet "$work/former.go"
echo "openapi: generated files are up to date; a foreign client runs in the background; the 3.1 edition's code and the former generator's compile ($(wc -l <"$work/former.go" | tr -d ' ') lines)"
