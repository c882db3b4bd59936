# Builds mlp with Vitis HLS or Vivado HLS. Generated from design 2dedbca18ffa.
#
#   vitis_hls -f build.tcl csim=1 synth=1 cosim=1     (also: vivado_hls -f build.tcl ...)
#   HLSEXPLORE_BUILD="csim=1 synth=1" vitis-run --mode hls --tcl build.tcl
#
# Options: csim synth cosim export vsynth (steps, 0 or 1), reset (start afresh), samples (golden vectors in csim; 0 for
# all), cosim_samples, part, clock (period in ns), flow (vivado or vitis). Everything is written below build/.
array set option {
    reset 1
    csim 0
    synth 1
    cosim 0
    export 0
    vsynth 0
    samples 0
    cosim_samples 20
    part xcvu13p-flga2577-2-e
    clock 5.0
    flow vivado
}
set words {}
if {[info exists ::argv]} {
    set words [concat {*}$::argv]
}
if {[info exists ::env(HLSEXPLORE_BUILD)]} {
    set words [concat $words $::env(HLSEXPLORE_BUILD)]
}
foreach word $words {
    if {[regexp {^([a-z_]+)=([A-Za-z0-9._-]+)$} $word -> key value]} {
        if {![info exists option($key)]} {
            puts stderr "unknown option '$key'; valid options: [lsort [array names option]]"
            exit 2
        }
        set option($key) $value
    }
}

proc step {name body} {
    puts "HLSEXPLORE STAGE $name"
    if {[catch {uplevel 1 $body} message]} {
        puts stderr "HLSEXPLORE FAILED $name: $message"
        exit 1
    }
}

set here [file normalize [file dirname [info script]]]
file mkdir [file join $here build]
cd [file join $here build]

step project {
    if {$option(reset)} {
        open_project -reset hls
    } else {
        open_project hls
    }
    set_top mlp
    add_files ../src/mlp.cpp -cflags "-std=c++11"
    add_files -tb ../tb/testbench.cpp -cflags "-std=c++11 -Wno-unknown-pragmas"
    add_files -tb ../tb/golden_inputs.dat
    add_files -tb ../tb/golden_outputs.dat
    # Vivado HLS does not know the flow's target.
    if {[catch {open_solution -flow_target $option(flow) solution1}]} {
        open_solution solution1
        set option(flow) vivado
    }
    set_part $option(part)
    create_clock -period $option(clock) -name default
    # Vivado HLS partitions arrays of up to 1024 elements only; Vitis HLS has no such limit.
    catch {config_array_partition -maximum_size 65536}
    config_compile -name_max_length 80
}
if {$option(csim)} {
    step csim {
        if {$option(samples)} {
            csim_design -argv $option(samples)
        } else {
            csim_design
        }
    }
}
if {$option(synth)} {
    step csynth { csynth_design }
}
if {$option(cosim)} {
    step cosim { cosim_design -rtl verilog -argv $option(cosim_samples) }
}
# The linker v++ takes a kernel as an .xo file, Vivado takes an IP from its catalogue.
set package [list -format ip_catalog]
if {$option(flow) eq "vitis"} {
    set package [list -format xo -output [file normalize mlp.xo]]
}
if {$option(export)} {
    step export { export_design {*}$package }
}
if {$option(vsynth)} {
    step vsynth { export_design -flow syn -rtl verilog {*}$package }
}
puts "HLSEXPLORE DONE"
exit 0
