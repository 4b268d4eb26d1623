#pragma once

/// BIRTHMARK_MULTIVERSION before a function compiles it twice, for the baseline and for AVX2 with FMA (x86-64-v3), and
/// picks one when the program loads, by what the processor can do. For measured hot loops only. The clones are off
/// under sanitizers and with Clang, which cannot clone templates.
#if !defined(__clang__) && defined(__x86_64__) && defined(__linux__) && !defined(BIRTHMARK_NO_MULTIVERSION)
#define BIRTHMARK_MULTIVERSION __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define BIRTHMARK_MULTIVERSION
#endif
