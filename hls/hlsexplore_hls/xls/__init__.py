"""The XLS flow: readable DSLX for each layer, scheduled and written as Verilog by Google's XLS compiler."""
