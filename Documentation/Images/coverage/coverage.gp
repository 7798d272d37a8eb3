# Coverage of 95 % intervals beside pymbar's: gnuplot coverage.gp, in this folder; writes ../coverage.svg.
set terminal svg size 900,640 font "sans,12" background "white"
set output "../coverage.svg"
set multiplot layout 2,2 margins 0.08,0.98,0.09,0.90 spacing 0.09,0.14
set yrange [0:1.05]
set ytics 0.2
set grid ytics lc rgb "#dddddd"
set key bottom left samplen 2 spacing 1.1 font ",10"
set ylabel "contains the truth"
ours(method, process, n) = sprintf("< awk '$1==\"%s\" && $2==\"%s\" && $4==%d && ($5==%d || $5==0) && $7>=20 {print $3, $8/$7}' szilard.dat", method, process, n, n)
resolved(method, process, n) = sprintf("< awk '$1==\"%s\" && $2==\"%s\" && $4==%d && ($5==%d || $5==0) {print $3, $7/$6}' szilard.dat", method, process, n, n)
theirs(method, process, n) = sprintf("< awk '$1==\"%s\" && $2==\"%s\" && $4==%d && $6>0 {print $3, $7/$5}' pymbar.dat", method, process, n)
array name[2] = ["exponential average (pymbar: exp)", "acceptance ratio (pymbar: bar)"]
array mine[2] = ["exponential", "bennett"]
array their[2] = ["exp", "bar"]
# One-sided averages are unresolved below 100 works.
array other[2] = [500, 20]
array process[2] = ["gaussian", "trap"]
array label[2] = ["standard deviation of Gaussian work", "stiffness after the jump, trap of stiffness 1"]
set logscale x
do for [row = 1:2] {
  do for [column = 1:2] {
    if (row == 1) { set title name[column] } else { unset title }
    set xlabel label[row]
    set xrange [(row == 1 ? 0.08 : 0.045):(row == 1 ? 12 : 1400)]
    p = process[row]
    plot 0.95 lc rgb "black" dt 3 title "0.95", \
      ours(mine[column], p, 100) u 1:2 w lp pt 7 ps 0.6 lw 2 lc rgb "#1f77b4" title "Szilard, resolved, n = 100", \
      ours(mine[column], p, other[column]) u 1:2 w lp pt 6 ps 0.6 lc rgb "#1f77b4" title sprintf("n = %d", other[column]), \
      resolved(mine[column], p, 100) u 1:2 w l dt 2 lc rgb "#1f77b4" title "share resolved, n = 100", \
      theirs(their[column], p, 100) u 1:2 w lp pt 5 ps 0.6 lw 2 lc rgb "#d62728" title "pymbar, n = 100", \
      theirs(their[column], p, 20) u 1:2 w lp pt 4 ps 0.6 lc rgb "#d62728" title "n = 20"
  }
}
unset multiplot
