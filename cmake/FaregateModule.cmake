# faregate_module(NAME [USES module...] [LIBS library...])
#
# A static library faregate_NAME of src/NAME/**.cpp whose contract is include/faregate/NAME. Only
# those headers are visible to the modules above.
function(faregate_module name)
    cmake_parse_arguments(ARG "" "" "USES;LIBS" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${name}/*.cpp")
    list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/include/faregate/${name}/*.h")
    add_library(faregate_${name} STATIC ${sources})
    target_sources(
        faregate_${name} PUBLIC FILE_SET HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}/include"
                                FILES ${headers}
    )
    target_include_directories(faregate_${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
    target_compile_definitions(
        faregate_${name} PUBLIC BOOST_ASIO_NO_DEPRECATED SPDLOG_COMPILED_LIB
    )
    list(TRANSFORM ARG_USES PREPEND faregate_)
    target_link_libraries(faregate_${name} PUBLIC ${ARG_USES} ${ARG_LIBS} PRIVATE faregate_options)
endfunction()

# faregate_program(NAME main.cpp USES module...)
function(faregate_program name main)
    cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
    list(TRANSFORM ARG_USES PREPEND faregate_)
    add_executable(${name} ${main})
    target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
    target_link_libraries(${name} PRIVATE ${ARG_USES} faregate_options)
endfunction()

# faregate_protobuf(MODULE file.proto): the generated code, without the project's warnings. The module
# includes it as "file.pb.h"; nobody else sees it.
function(faregate_protobuf module proto)
    get_filename_component(directory "${CMAKE_SOURCE_DIR}/${proto}" DIRECTORY)
    get_filename_component(name "${proto}" NAME_WE)
    set(out "${CMAKE_BINARY_DIR}/generated/${module}")
    file(MAKE_DIRECTORY "${out}")
    add_custom_command(
        OUTPUT "${out}/${name}.pb.cc" "${out}/${name}.pb.h"
        COMMAND protobuf::protoc "--proto_path=${directory}" "--cpp_out=${out}" "${name}.proto"
        DEPENDS "${CMAKE_SOURCE_DIR}/${proto}"
        VERBATIM
    )
    add_library(faregate_${module}_proto STATIC "${out}/${name}.pb.cc" "${out}/${name}.pb.h")
    target_include_directories(faregate_${module}_proto SYSTEM PUBLIC "${out}")
    target_link_libraries(faregate_${module}_proto PUBLIC protobuf::libprotobuf)
    if(FAREGATE_SANITIZE)
        target_compile_options(faregate_${module}_proto PRIVATE -fsanitize=${FAREGATE_SANITIZE})
    endif()
    target_link_libraries(faregate_${module} PRIVATE faregate_${module}_proto)
    add_dependencies(faregate_${module} faregate_${module}_proto)
endfunction()
