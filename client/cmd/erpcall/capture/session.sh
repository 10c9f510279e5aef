# What is typed in the film.
type() {
	printf '\033[32m$\033[0m '
	printf '%s\n' "$1" | fold -w1 | while IFS= read -r c; do
		printf '%s' "${c:- }"
		sleep 0.02
	done
	printf '\n'
	eval "$1" || true
	sleep "${2:-1}"
}
clear
type "erpcall POST /v1/customerinvoice -d @invoice.json --key order-4711" 1
type "erpcall GET '/v1/customerinvoice?pageSize=2' --jq '.[] | {referenceNumber, status, amount}'" 1
type "erpcall --mock-fault lost-answer POST /v1/customerinvoice -d @invoice.json --key order-4712 --again" 2
type "erpcall resolve order-4712 --ended-with 201 --reason 'found by its order number'" 1
type "erpcall list" 3
