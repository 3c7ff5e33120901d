#include <inspector/archive/inflate.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace tally::inspector {

Result<std::string> inflate(std::string_view deflated, std::size_t bytes) {
  const auto malformed = [](std::string what) {
    return Error{ErrorCode::kMalformed, std::move(what), ""};
  };
  constexpr int kRaw = -15;  // no zlib header, windows of up to 32 KiB
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  z_stream stream{};
  std::string out(bytes, '\0');
  if (::inflateInit2(&stream, kRaw) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  std::size_t in_left = deflated.size(), out_left = bytes;
  int status = Z_OK;
  while (status == Z_OK) {  // zlib counts in 32 bits
    stream.avail_in = static_cast<uInt>(std::min(in_left, kMost));
    stream.avail_out = static_cast<uInt>(std::min(out_left, kMost));
    const uInt in_before = stream.avail_in, out_before = stream.avail_out;
    status = ::inflate(&stream, Z_NO_FLUSH);
    in_left -= in_before - stream.avail_in;
    out_left -= out_before - stream.avail_out;
  }
  ::inflateEnd(&stream);
  if (status == Z_MEM_ERROR) throw std::bad_alloc();
  if (status == Z_BUF_ERROR && out_left == 0)
    return malformed("it decompresses to more bytes than it states");
  if (status == Z_BUF_ERROR) return malformed("its compressed bytes end early");
  if (status != Z_STREAM_END) return malformed("its compressed bytes are damaged");
  if (out_left != 0) return malformed("it decompresses to fewer bytes than it states");
  if (in_left != 0) return malformed("bytes follow the end of its compressed ones");
  return out;
}

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace tally::inspector
