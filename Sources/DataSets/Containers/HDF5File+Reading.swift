#if HDF5
  internal import CHDF5
  internal import Foundation
  package import NumericalCore

  extension HDF5File {
    /// The names of the members of a group, sorted by the library.
    package func names(in group: String = "/") throws(SzilardError) -> [String] {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      guard kind(of: group) == .group else { throw damaged(group, "there is no such group") }
      guard isSoundGroup(group) else { throw damaged(group, "the group is damaged") }
      let id = H5Gopen2(file, group, szh_default())
      guard id >= 0 else { throw damaged(group, "the group cannot be opened") }
      defer { H5Gclose(id) }
      var info = H5G_info_t()
      guard H5Gget_info(id, &info) >= 0, info.nlinks <= UInt64(size) else {
        throw damaged(group, "the group is damaged")
      }
      var result: [String] = []
      for index in 0..<info.nlinks {
        let length = szh_link_name(id, index, nil, 0)
        guard length > 0, length < 65536 else { throw damaged(group, "the group is damaged") }
        var name = [CChar](repeating: 0, count: length + 1)
        guard szh_link_name(id, index, &name, length + 1) == length else {
          throw damaged(group, "the group is damaged")
        }
        result.append(
          String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
      }
      return result
    }

    /// What there is at a path; nil for nothing.
    package func kind(of object: String) -> ObjectKind? {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      guard exists(object) else { return nil }
      var address: haddr_t = 0
      var kind: Int32 = 0
      guard szh_object_info(file, object, &address, &kind) >= 0 else { return nil }
      switch kind {
      case Int32(H5O_TYPE_GROUP.rawValue): return .group
      case Int32(H5O_TYPE_DATASET.rawValue): return .dataset
      default: return .other
      }
    }

    /// Whether there is an object at a path.
    package func exists(_ object: String) -> Bool {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      var partial = ""
      for part in object.split(separator: "/") {
        guard isSoundGroup(partial.isEmpty ? "/" : partial) else { return false }
        partial += "/" + part
        guard H5Lexists(file, partial, szh_default()) > 0 else { return false }
      }
      return partial.isEmpty || H5Oexists_by_name(file, partial, szh_default()) > 0
    }

    /// Whether the library may search a group.
    private func isSoundGroup(_ group: String) -> Bool {
      guard let guards else { return true }
      var address: haddr_t = 0
      var kind: Int32 = 0
      guard szh_object_info(file, group, &address, &kind) >= 0 else { return false }
      return (try? guards.checkGroup(at: UInt64(address), of: group)) != nil
    }

    /// A dataset that is open, and what its elements are.
    struct OpenDataset {
      let id: hid_t
      let type: hid_t
      let space: hid_t
      let shape: [Int]
      let count: Int
      let elementSize: Int
      let elementClass: H5T_class_t

      func close() {
        H5Tclose(type)
        H5Sclose(space)
        H5Dclose(id)
      }
    }

    /// Opens a dataset after the checks that keep a damaged file from harming the library.
    func open(_ dataset: String) throws(SzilardError) -> OpenDataset {
      var address: haddr_t = 0
      var kind: Int32 = 0
      guard exists(dataset) else { throw damaged(dataset, "there is no such dataset") }
      guard szh_object_info(file, dataset, &address, &kind) >= 0 else {
        throw damaged(dataset, "is damaged")
      }
      guard kind == Int32(H5O_TYPE_DATASET.rawValue) else {
        throw damaged(dataset, "is not a dataset")
      }
      try guards?.checkHeader(at: UInt64(address), of: dataset)
      let id = H5Dopen2(file, dataset, szh_default())
      guard id >= 0 else { throw damaged(dataset, "the dataset cannot be opened; it is damaged") }
      let type = H5Dget_type(id)
      let space = H5Dget_space(id)
      let rank = H5Sget_simple_extent_ndims(space)
      var lengths = [hsize_t](repeating: 0, count: max(0, Int(rank)))
      let count = H5Sget_simple_extent_npoints(space)
      let elementSize = H5Tget_size(type)
      guard type >= 0, space >= 0, rank >= 0, count >= 0, elementSize > 0,
        rank == 0 || H5Sget_simple_extent_dims(space, &lengths, nil) >= 0,
        let shape = try? lengths.map({ try Int(exactly: $0) ?? { throw CancellationError() }() })
      else {
        if type >= 0 { H5Tclose(type) }
        if space >= 0 { H5Sclose(space) }
        H5Dclose(id)
        throw damaged(dataset, "the dataset is damaged")
      }
      let result = OpenDataset(
        id: id, type: type, space: space, shape: shape, count: Int(count),
        elementSize: elementSize, elementClass: H5Tget_class(type))
      // The library does not compare what is stored with what the extents promise.
      let creation = H5Dget_create_plist(id)
      defer { H5Pclose(creation) }
      let layout = H5Pget_layout(creation)
      let stored = H5Dget_storage_size(id)
      let isWhole =
        layout == H5D_CHUNKED || (layout == H5D_CONTIGUOUS && stored == 0)
        || stored / UInt64(elementSize) >= UInt64(count)
      // A small file can promise terabytes of fill values; deflate's largest ratio bounds honest
      // promises.
      let (bound, overflow) = size.multipliedReportingOverflow(by: 1032)
      let promised = StoredArray.byteCount(of: shape + [elementSize], .uint8)
      guard let promised, isWhole, overflow || promised <= bound else {
        result.close()
        throw damaged(
          dataset, "promises an array of shape \(shape), which the file cannot hold; it is damaged")
      }
      if layout == H5D_CHUNKED {
        do throws(SzilardError) {
          try checkChunks(
            of: id, space: space, creation: creation, shape: shape, elementSize: elementSize,
            dataset)
        } catch {
          result.close()
          throw error
        }
      }
      return result
    }

    /// The lengths of the axes of a dataset; empty for a scalar.
    package func shape(of dataset: String) throws(SzilardError) -> [Int] {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let data = try open(dataset)
      defer { data.close() }
      return data.shape
    }

    /// What the elements of a dataset are.
    package func elementKind(of dataset: String) throws(SzilardError) -> ElementKind {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let data = try open(dataset)
      defer { data.close() }
      switch data.elementClass {
      case H5T_INTEGER, H5T_BITFIELD: return .integer
      case H5T_FLOAT: return .real
      case H5T_ENUM: return .truth
      case H5T_STRING: return .text
      default: return .other
      }
    }

    /// The numbers of a dataset: float32 and uint8 as they are, wider reals as float64, truth values
    /// as bool, unsigned 64-bit integers as uint64 and all other integers as int64.
    package func array(_ dataset: String) throws(SzilardError) -> StoredArray {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let data = try open(dataset)
      defer { data.close() }
      let memory: hid_t
      let type: ScalarType
      switch data.elementClass {
      case H5T_FLOAT:
        (memory, type) =
          data.elementSize <= 4
          ? (szh_native_float(), .float32) : (szh_native_double(), .float64)
      case H5T_ENUM: (memory, type) = (szh_native_uint8(), .bool)
      case H5T_INTEGER:
        let unsigned = H5Tget_sign(data.type) == H5T_SGN_NONE
        switch (unsigned, data.elementSize) {
        case (true, 1): (memory, type) = (szh_native_uint8(), .uint8)
        case (true, 8): (memory, type) = (szh_native_uint64(), .uint64)
        default: (memory, type) = (szh_native_int64(), .int64)
        }
      default: throw damaged(dataset, "holds no numbers")
      }
      guard let size = StoredArray.byteCount(of: [data.count], type) else {
        throw damaged(dataset, "is too large")
      }
      var bytes = [UInt8](repeating: 0, count: size)
      let status = bytes.withUnsafeMutableBytes {
        H5Dread(data.id, memory, szh_all(), szh_all(), szh_default(), $0.baseAddress)
      }
      guard status >= 0 else { throw damaged(dataset, "cannot be read; it is damaged") }
      return StoredArray(
        type: type, shape: data.shape, bytes: HDF5File.littleEndian(bytes, type.size))
    }

    private static func littleEndian(_ bytes: [UInt8], _ size: Int) -> [UInt8] {
      #if _endian(little)
        return bytes
      #else
        return stride(from: 0, to: bytes.count, by: size).flatMap {
          bytes[$0..<$0 + size].reversed()
        }
      #endif
    }

    /// `count` rows (along the first axis) of a dataset of at least one axis, as doubles.
    package func rows(
      of dataset: String, from first: Int, count: Int
    ) throws(SzilardError) -> [Double] {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let data = try open(dataset)
      defer { data.close() }
      switch data.elementClass {
      case H5T_FLOAT, H5T_INTEGER, H5T_ENUM: break
      default: throw damaged(dataset, "holds no numbers")
      }
      guard let rows = data.shape.first, first >= 0, count >= 0, first <= rows - count else {
        throw damaged(dataset, "has no rows \(first) to \(first + count)")
      }
      let width = data.shape.dropFirst().reduce(1, *)
      guard count * width > 0 else { return [] }
      var start = [hsize_t](repeating: 0, count: data.shape.count)
      var lengths = data.shape.map { hsize_t($0) }
      start[0] = hsize_t(first)
      lengths[0] = hsize_t(count)
      let memory = H5Screate_simple(Int32(lengths.count), lengths, nil)
      defer { H5Sclose(memory) }
      var values = [Double](repeating: 0, count: count * width)
      guard
        H5Sselect_hyperslab(data.space, H5S_SELECT_SET, start, nil, lengths, nil) >= 0,
        H5Dread(data.id, szh_native_double(), memory, data.space, szh_default(), &values) >= 0
      else { throw damaged(dataset, "cannot be read; it is damaged") }
      return values
    }

    /// The one text of a dataset.
    package func string(_ dataset: String) throws(SzilardError) -> String {
      let values = try strings(dataset)
      guard values.count == 1 else {
        throw damaged(dataset, "holds \(values.count) texts, not one")
      }
      return values[0]
    }

    /// The texts of a dataset, of fixed or variable length.
    package func strings(_ dataset: String) throws(SzilardError) -> [String] {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let data = try open(dataset)
      defer { data.close() }
      guard data.elementClass == H5T_STRING else { throw damaged(dataset, "holds no text") }
      if H5Tis_variable_str(data.type) > 0 { return try variableStrings(data, dataset) }
      var bytes = [UInt8](repeating: 0, count: data.count * data.elementSize)
      guard H5Dread(data.id, data.type, szh_all(), szh_all(), szh_default(), &bytes) >= 0 else {
        throw damaged(dataset, "cannot be read; it is damaged")
      }
      return (0..<data.count).map { index in
        let text = bytes[index * data.elementSize..<(index + 1) * data.elementSize]
        return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
      }
    }

    /// The library (1.10) follows the references of variable-length texts without checking them and
    /// crashes on damaged ones; so the references are followed here.
    private func variableStrings(
      _ data: OpenDataset, _ dataset: String
    ) throws(SzilardError) -> [String] {
      let creation = H5Fget_create_plist(file)
      defer { H5Pclose(creation) }
      var offsetSize = 0
      var lengthSize = 0
      var userBlock: hsize_t = 0
      let offset = H5Dget_offset(data.id)
      guard H5Pget_sizes(creation, &offsetSize, &lengthSize) >= 0, offsetSize == 8,
        lengthSize == 8, H5Pget_userblock(creation, &userBlock) >= 0, userBlock == 0,
        offset != szh_undefined_address(), H5Dget_storage_size(data.id) == UInt64(16 * data.count),
        let guards
      else {
        throw damaged(
          dataset, "texts of variable length are read from contiguous datasets only")
      }
      return try guards.strings(at: UInt64(offset), count: data.count, of: dataset)
    }
  }
#endif
