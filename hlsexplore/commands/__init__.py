"""The commands of the command line, a function each: arguments in, outcome out; nothing here prints."""
