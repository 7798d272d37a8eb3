#pragma once
#include <hdf5.h>

// The constants of HDF5 are macros that call functions or cast, which Swift cannot import; each has
// an accessor here.

static inline hid_t szh_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t szh_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t szh_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t szh_native_uint64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t szh_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t szh_native_int8(void) { return H5T_NATIVE_INT8; }
static inline hid_t szh_ieee_f64le(void) { return H5T_IEEE_F64LE; }
static inline hid_t szh_ieee_f32le(void) { return H5T_IEEE_F32LE; }
static inline hid_t szh_std_i64le(void) { return H5T_STD_I64LE; }
static inline hid_t szh_std_u64le(void) { return H5T_STD_U64LE; }
static inline hid_t szh_std_u32le(void) { return H5T_STD_U32LE; }
static inline hid_t szh_std_u8le(void) { return H5T_STD_U8LE; }
static inline hid_t szh_std_i8le(void) { return H5T_STD_I8LE; }
static inline hid_t szh_c_s1(void) { return H5T_C_S1; }
static inline size_t szh_variable(void) { return H5T_VARIABLE; }

static inline hid_t szh_default(void) { return H5P_DEFAULT; }
static inline hid_t szh_all(void) { return H5S_ALL; }
static inline hid_t szh_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t szh_link_create(void) { return H5P_LINK_CREATE; }
static inline hid_t szh_dataset_create(void) { return H5P_DATASET_CREATE; }

static inline unsigned szh_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned szh_truncate(void) { return H5F_ACC_TRUNC; }
static inline haddr_t szh_undefined_address(void) { return HADDR_UNDEF; }

/// Objects are written in the earliest format that can hold them.
static inline herr_t szh_earliest_format(hid_t access) {
  return H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST);
}

/// Stops the library from printing its error stack on standard error.
static inline void szh_be_silent(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

/// One link of a group by number, in the order of names: the length of its name (without the final
/// zero), which is written to `name` if that has room, or a negative number.
static inline ssize_t szh_link_name(hid_t group, hsize_t index, char *name, size_t size) {
  return H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, name, size, H5P_DEFAULT);
}

/// The address of the header of an object in the file, and its kind; negative on failure.
static inline int szh_object_info(hid_t location, const char *name, haddr_t *address, int *kind) {
  H5O_info_t info;
#if H5_VERSION_GE(1, 12, 0)
  H5O_info1_t info1;
  if (H5Oget_info_by_name1(location, name, &info1, H5P_DEFAULT) < 0) return -1;
  (void)info;
  *address = info1.addr;
  *kind = (int)info1.type;
#elif H5_VERSION_GE(1, 10, 3)
  if (H5Oget_info_by_name2(location, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
  *address = info.addr;
  *kind = (int)info.type;
#else
  if (H5Oget_info_by_name(location, name, &info, H5P_DEFAULT) < 0) return -1;
  *address = info.addr;
  *kind = (int)info.type;
#endif
  return 0;
}
