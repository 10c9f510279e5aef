module github.com/vismanet-go/background

go 1.26
