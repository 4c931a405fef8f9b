using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace CityHelper.Data.Import;

/// <summary>A file, optionally gzipped (<c>.gz</c>): its bytes, its fingerprint, and whether it is complete.</summary>
internal sealed class InputFile : IAsyncDisposable
{
    private const int BufferBytes = 1 << 16;

    private readonly FileStream _file;
    private readonly bool _gzip;
    private readonly CountingStream _content;

    private InputFile(string path, FileStream file, bool gzip, long bytesMax)
    {
        Path = path;
        _file = file;
        _gzip = gzip;
        _content = new CountingStream(
            gzip ? new GZipStream(file, CompressionMode.Decompress) : file, bytesMax, () => TooLarge(path, bytesMax));
    }

    public string Path { get; }

    public Stream Content => _content;

    /// <summary>Progress of reading, 0 to 1.</summary>
    public double Fraction => _file.Length == 0 ? 1 : (double)_file.Position / _file.Length;

    /// <summary>Opens a file whose content has at most this length, also after decompression. Reading beyond it is refused.</summary>
    /// <exception cref="BrokenInputException">The file does not exist, cannot be read, or is not what its name says.</exception>
    public static async Task<InputFile> OpenAsync(string path, long bytesMax, CancellationToken cancellation)
    {
        string name = System.IO.Path.GetFileName(path);
        FileStream file = OpenStream(path, bytesMax);
        byte[] magic = new byte[2];
        int read = await file.ReadAtLeastAsync(magic, 2, throwOnEndOfStream: false, cancellation);
        file.Position = 0;
        bool isGzip = read == 2 && magic is [0x1F, 0x8B];
        bool named = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        if (named != isGzip)
        {
            await file.DisposeAsync();
            throw new BrokenInputException(
                named ? $"{name} is named .gz but is not gzip; decompress it or fetch it again."
                : $"{name} is gzip but is not named so; rename it to {name}.gz.");
        }

        return new InputFile(path, file, isGzip, bytesMax);
    }

    /// <summary>SHA-256 of the file's bytes, in hexadecimal.</summary>
    /// <exception cref="BrokenInputException">The file cannot be read.</exception>
    public static async Task<string> FingerprintAsync(string path, CancellationToken cancellation)
    {
        await using FileStream file = OpenStream(path, Limits.ImportBytesMax);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
    }

    /// <summary>Called at the end of the content: .NET reports no error when a gzip stream is cut off.</summary>
    /// <exception cref="BrokenInputException">Bytes are missing.</exception>
    public async Task RequireWholeAsync(CancellationToken cancellation)
    {
        if (!_gzip)
        {
            return;
        }

        byte[] size = new byte[4];
        _file.Position = Math.Max(0, _file.Length - 4);
        await _file.ReadExactlyAsync(size, cancellation);
        // The last four bytes of gzip are the length of its content, modulo 2^32.
        if (BinaryPrimitives.ReadUInt32LittleEndian(size) != unchecked((uint)_content.BytesRead))
        {
            throw new BrokenInputException(
                $"{System.IO.Path.GetFileName(Path)} is cut off: its gzip ends before its content does; fetch it again "
                + "(a file of several gzip parts must be decompressed first).");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _content.DisposeAsync();
        await _file.DisposeAsync();
    }

    /// <summary>Opens a file that has an end, and from which the same bytes can be read again.</summary>
    /// <exception cref="BrokenInputException">It is missing, unreadable or too large, or no file: a folder, a pipe, a device.</exception>
    internal static FileStream OpenStream(string path, long bytesMax)
    {
        FileStream file;
        try
        {
            RequireFile(path);
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes, FileOptions.SequentialScan);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string reason = cause is FileNotFoundException or DirectoryNotFoundException or ArgumentException
                ? "there is no such file"
                : "it may not be read";
            throw new BrokenInputException($"{path} cannot be opened: {reason}.", cause);
        }

        // Checked again: another file may be there by now.
        BrokenInputException? refusal = !file.CanSeek || file.Length == 0 ? NoFile(path)
            : file.Length > bytesMax ? TooLarge(path, bytesMax)
            : null;
        if (refusal is null)
        {
            return file;
        }

        file.Dispose();
        throw refusal;
    }

    // Before it is opened: opening a pipe waits for its writer, and reading a device may never end. Neither has a size, whatever links lead
    // to it.
    private static void RequireFile(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        if (Directory.Exists(full))
        {
            throw new BrokenInputException($"{path} is a folder: name the file in it.");
        }

        if (!File.Exists(full))
        {
            throw new FileNotFoundException();
        }

        // The target of a link such as /dev/stdin may be the name of nothing: pipe:[123].
        if ((File.ResolveLinkTarget(full, returnFinalTarget: true) ?? new FileInfo(full)) is not FileInfo { Exists: true, Length: > 0 })
        {
            throw NoFile(path);
        }
    }

    private static BrokenInputException NoFile(string path) => new(
        $"{path} is empty, or no file: a pipe, a device, a socket, a link that leads nowhere. What is read twice, and to its end, must be "
            + "a file; write it to one first, and give that.");

    private static BrokenInputException TooLarge(string path, long bytesMax) =>
        new($"{System.IO.Path.GetFileName(path)} is larger than {bytesMax >> 20:N0} MB: simplify it, or split it.");

    private sealed class CountingStream(Stream inner, long bytesMax, Func<BrokenInputException> tooLarge) : Stream
    {
        public long BytesRead { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer) => Count(inner.Read(buffer));

        public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Count(await inner.ReadAsync(buffer, cancellationToken));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private int Count(int read)
        {
            BytesRead += read;
            return BytesRead <= bytesMax ? read : throw tooLarge();
        }
    }
}
