Prints the alphabet and a line end

++++++++[>++++++++<-]>+     cell 1 is 65 which is A
>+++++[>+++++<-]>+          cell 3 is 26
[<<.+>>-]                   as often: print cell 1 and go to the next letter
++++++++++.                 cell 3 is 10
