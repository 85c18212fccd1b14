/** Lets YCSB, the Yahoo! Cloud Serving Benchmark, put its load on a cluster by the Java client. */
@NullMarked
package dev.quorate.ycsb;

import org.jspecify.annotations.NullMarked;
