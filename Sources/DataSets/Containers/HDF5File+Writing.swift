#if HDF5
  internal import CHDF5
  package import NumericalCore

  extension HDF5File {
    private func failed(_ object: String) -> SzilardError {
      SzilardError(.cannotOpen, "\(path): \(object) cannot be written")
    }

    /// The property list that makes the groups on the way.
    private func makingGroups() -> hid_t {
      let list = H5Pcreate(szh_link_create())
      H5Pset_create_intermediate_group(list, 1)
      return list
    }

    /// Makes a group, and the groups on the way to it.
    package func createGroup(_ group: String) throws(SzilardError) {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let links = makingGroups()
      defer { H5Pclose(links) }
      let id = H5Gcreate2(file, group, links, szh_default(), szh_default())
      guard id >= 0 else { throw failed(group) }
      H5Gclose(id)
    }

    private func write(
      type: hid_t, memory: hid_t, shape: [Int], to dataset: String, _ bytes: UnsafeRawPointer?
    ) throws(SzilardError) {
      let lengths = shape.map { hsize_t($0) }
      let space =
        shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), lengths, nil)
      defer { H5Sclose(space) }
      let links = makingGroups()
      defer { H5Pclose(links) }
      let id = H5Dcreate2(file, dataset, type, space, links, szh_default(), szh_default())
      guard id >= 0 else { throw failed(dataset) }
      defer { H5Dclose(id) }
      guard !shape.contains(0) else { return }
      guard H5Dwrite(id, memory, szh_all(), szh_all(), szh_default(), bytes) >= 0 else {
        throw failed(dataset)
      }
    }

    /// Writes an array of float32, float64, int64, uint64, uint8 or bool; other types are widened.
    package func write(_ array: StoredArray, to dataset: String) throws(SzilardError) {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let type: hid_t
      switch array.type {
      case .float32: type = szh_ieee_f32le()
      case .float64: type = szh_ieee_f64le()
      case .int64: type = szh_std_i64le()
      case .uint64: type = szh_std_u64le()
      case .uint8: type = szh_std_u8le()
      case .int8: type = szh_std_i8le()
      case .uint32: type = szh_std_u32le()
      case .bool:
        let truth = truthType()
        defer { H5Tclose(truth) }
        try writeBytes(of: array, type: truth, to: dataset)
        return
      case .float16, .bfloat16:
        return try write(StoredArray(array.floats, shape: array.shape), to: dataset)
      case .int16, .int32, .uint16:
        return try write(StoredArray(array.integers ?? [], shape: array.shape), to: dataset)
      }
      try writeBytes(of: array, type: type, to: dataset)
    }

    private func writeBytes(
      of array: StoredArray, type: hid_t, to dataset: String
    ) throws(SzilardError) {
      var failure: SzilardError?
      array.bytes.withUnsafeBytes { bytes in
        do throws(SzilardError) {
          try write(type: type, memory: type, shape: array.shape, to: dataset, bytes.baseAddress)
        } catch { failure = error }
      }
      if let failure { throw failure }
    }

    /// The type of truth values that h5py writes and reads: an enumeration on int8.
    private func truthType() -> hid_t {
      let type = H5Tenum_create(szh_std_i8le())
      var value: Int8 = 0
      H5Tenum_insert(type, "FALSE", &value)
      value = 1
      H5Tenum_insert(type, "TRUE", &value)
      return type
    }

    /// Writes one truth value.
    package func write(_ value: Bool, to dataset: String) throws(SzilardError) {
      try write(StoredArray(type: .bool, shape: [], bytes: [value ? 1 : 0]), to: dataset)
    }

    /// Writes one text as a scalar of variable length in UTF-8.
    package func write(_ text: String, to dataset: String) throws(SzilardError) {
      try write([text], shape: [], to: dataset)
    }

    /// Writes texts as an array of variable length in UTF-8.
    package func write(_ texts: [String], to dataset: String) throws(SzilardError) {
      try write(texts, shape: [texts.count], to: dataset)
    }

    private func write(
      _ texts: [String], shape: [Int], to dataset: String
    ) throws(SzilardError) {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let type = H5Tcopy(szh_c_s1())
      defer { H5Tclose(type) }
      H5Tset_size(type, szh_variable())
      H5Tset_cset(type, H5T_CSET_UTF8)
      // One buffer of all texts, each with its final zero, and pointers into it.
      var starts: [Int] = []
      var bytes: [UInt8] = []
      for text in texts {
        starts.append(bytes.count)
        bytes += text.utf8.filter { $0 != 0 }
        bytes.append(0)
      }
      var failure: SzilardError?
      bytes.withUnsafeBytes { buffer in
        let pointers = starts.map { start in buffer.baseAddress.map { $0 + start } }
        pointers.withUnsafeBytes { raw in
          do throws(SzilardError) {
            try write(type: type, memory: type, shape: shape, to: dataset, raw.baseAddress)
          } catch { failure = error }
        }
      }
      if let failure { throw failure }
    }

    /// Gives an object a second name (a hard link).
    package func link(_ object: String, as name: String) throws(SzilardError) {
      HDF5Library.lock()
      defer { HDF5Library.unlock() }
      let links = makingGroups()
      defer { H5Pclose(links) }
      guard H5Lcreate_hard(file, object, file, name, links, szh_default()) >= 0 else {
        throw failed(name)
      }
    }
  }
#endif
