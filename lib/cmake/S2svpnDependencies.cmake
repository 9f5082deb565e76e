# SPDX-License-Identifier: Apache-2.0
#
# Finds third-party libraries without pkg-config and without their own CMake packages (find_path, find_library), as imported
# targets s2svpn::dep_<name>. Used by the build and, for static linking, by the installed package.
#
#   s2svpn_find_dependency(<name> <header> <library>...)   sets S2SVPN_<name>_FOUND and S2SVPN_<name>_LIBRARIES
#
# A library may be written "a|b" (either name). The caches S2SVPN_<name>_INCLUDE_DIR and S2SVPN_<name>_<library>_LIBRARY
# can be set by hand for an unusual place.

function(s2svpn_find_dependency name header)
    find_path(S2SVPN_${name}_INCLUDE_DIR NAMES ${header})
    set(found ${S2SVPN_${name}_INCLUDE_DIR})
    set(files)
    foreach(library IN LISTS ARGN)
        string(REPLACE "|" ";" names "${library}")
        list(GET names 0 first)
        find_library(S2SVPN_${name}_${first}_LIBRARY NAMES ${names})
        mark_as_advanced(S2SVPN_${name}_${first}_LIBRARY)
        if(NOT S2SVPN_${name}_${first}_LIBRARY)
            set(found FALSE)
        endif()
        list(APPEND files "${S2SVPN_${name}_${first}_LIBRARY}")
    endforeach()
    mark_as_advanced(S2SVPN_${name}_INCLUDE_DIR)
    if(NOT found)
        set(S2SVPN_${name}_FOUND FALSE CACHE INTERNAL "")
        return()
    endif()
    set(S2SVPN_${name}_FOUND TRUE CACHE INTERNAL "")
    set(S2SVPN_${name}_LIBRARIES "${files}" CACHE INTERNAL "")
    if(NOT TARGET s2svpn::dep_${name})
        add_library(s2svpn::dep_${name} INTERFACE IMPORTED)
        set_target_properties(s2svpn::dep_${name} PROPERTIES
            INTERFACE_INCLUDE_DIRECTORIES "${S2SVPN_${name}_INCLUDE_DIR}"
            INTERFACE_LINK_LIBRARIES "${files}")
    endif()
endfunction()

# What each part of the library stands on. One list, so that the build and the installed package cannot differ.
macro(s2svpn_find_mbedtls)
    s2svpn_find_dependency(mbedtls mbedtls/version.h mbedcrypto)
endmacro()
macro(s2svpn_find_libevent)
    s2svpn_find_dependency(libevent event2/event.h event_extra event_core)
endmacro()
macro(s2svpn_find_libmnl)
    s2svpn_find_dependency(libmnl libmnl/libmnl.h mnl)
endmacro()
macro(s2svpn_find_cjson)
    s2svpn_find_dependency(cjson cjson/cJSON.h cjson)
endmacro()
macro(s2svpn_find_expat)
    s2svpn_find_dependency(expat expat.h expat|libexpat)
endmacro()
