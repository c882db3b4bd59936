# Logic synthesis of net_top with Vivado, out of context.
proc step {name body} {
    puts "HLSEXPLORE STAGE $name"
    if {[catch {uplevel 1 $body} message]} {
        puts "HLSEXPLORE FAILED $name: $message"
        exit 1
    }
}

step read {
    read_verilog -sv rtl/net_top.v
    read_verilog -sv rtl/net_fc.v
    read_verilog -sv rtl/net_relu.v
    read_xdc clock.xdc
}
step synth {
    synth_design -top net_top -part xcvu13p-flga2577-2-e -mode out_of_context -flatten_hierarchy rebuilt
}
step opt {
    opt_design
}
step report {
    report_utilization -file utilization.rpt
    report_utilization -hierarchical -file hierarchy.rpt
    report_timing_summary -file timing.rpt
    write_checkpoint -force net_top.dcp
}
puts "HLSEXPLORE DONE"
exit 0
