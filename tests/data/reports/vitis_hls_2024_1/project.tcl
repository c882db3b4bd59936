variable project_name
set project_name "myproject"
variable backend
set backend "vitis"
variable part
set part "xcu250-figd2104-2L-e"
