package main

// What the README says that the program prints.
func Example() {
	main()
	// Output:
	// the ERP made invoice 003549 and answered 201
}
