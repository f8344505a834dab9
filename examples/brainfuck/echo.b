Copies its input until it ends
,[.,]
