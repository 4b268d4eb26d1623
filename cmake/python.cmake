# The Python extension birthmark._core: bindings only, the work is in birthmark_core.
if(NOT SKBUILD AND NOT DEFINED Python_EXECUTABLE AND EXISTS ${CMAKE_SOURCE_DIR}/.venv/bin/python)
    set(Python_EXECUTABLE ${CMAKE_SOURCE_DIR}/.venv/bin/python)
endif()
find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
if(NOT SKBUILD AND NOT pybind11_DIR)
    execute_process(COMMAND ${Python_EXECUTABLE} -m pybind11 --cmakedir OUTPUT_VARIABLE pybind11_DIR
                    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 3 CONFIG REQUIRED)

file(GLOB binding_sources CONFIGURE_DEPENDS cpp/bindings/*.cpp)
pybind11_add_module(_core MODULE ${binding_sources})
target_link_libraries(_core PRIVATE birthmark_core)
if(BIRTHMARK_INPLACE)
    set_target_properties(_core PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_SOURCE_DIR}/python/birthmark)
endif()
install(TARGETS _core DESTINATION birthmark)
