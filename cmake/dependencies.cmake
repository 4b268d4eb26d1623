# Every outside library the core links, each behind one target `birthmark::<name>`.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

function(birthmark_pkg name module)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${module})
    add_library(birthmark::${name} ALIAS PkgConfig::${name})
endfunction()

birthmark_pkg(sndfile sndfile)
birthmark_pkg(soxr soxr)
birthmark_pkg(sodium libsodium)

if(BIRTHMARK_FFT STREQUAL "fftw")
    birthmark_pkg(fft fftw3f)
elseif(BIRTHMARK_FFT STREQUAL "kissfft")
    birthmark_pkg(fft kissfft-float)
else()
    message(FATAL_ERROR "BIRTHMARK_FFT is '${BIRTHMARK_FFT}'; allowed: fftw, kissfft")
endif()

# OpenCV: core and imgproc only. Debian's small -dev packages of the two ship no CMake or pkg-config file.
find_path(OPENCV_INCLUDE opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
find_path(OPENCV_ARCH_INCLUDE opencv2/opencv_modules.hpp PATH_SUFFIXES opencv4 REQUIRED)
find_library(OPENCV_CORE opencv_core REQUIRED)
find_library(OPENCV_IMGPROC opencv_imgproc REQUIRED)
add_library(birthmark_opencv INTERFACE)
target_include_directories(birthmark_opencv SYSTEM INTERFACE ${OPENCV_INCLUDE} ${OPENCV_ARCH_INCLUDE})
target_link_libraries(birthmark_opencv INTERFACE ${OPENCV_IMGPROC} ${OPENCV_CORE})
add_library(birthmark::opencv ALIAS birthmark_opencv)
