using System.Text;

namespace CityHelper.Data.Import;

/// <summary>Files that users name.</summary>
public static class InputFiles
{
    /// <summary>Why a file cannot be read at all, as one sentence that says what to do; null when it can.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytesMax">Its maximum length.</param>
    public static string? Problem(string path, long bytesMax)
    {
        try
        {
            using FileStream file = InputFile.OpenStream(path, bytesMax);
            return null;
        }
        catch (BrokenInputException broken)
        {
            return broken.Message;
        }
    }

    /// <summary>Reads a text file of at most <see cref="Limits.TextFileBytesMax"/>.</summary>
    /// <returns>The text, or why it cannot be read.</returns>
    public static async Task<(string? Text, string? Problem)> ReadTextAsync(string path, CancellationToken cancellation)
    {
        try
        {
            await using FileStream file = InputFile.OpenStream(path, Limits.TextFileBytesMax);

            // The length when it was opened: what is appended meanwhile is not read.
            byte[] bytes = new byte[file.Length];
            await file.ReadExactlyAsync(bytes, cancellation);
            using var reader = new StreamReader(new MemoryStream(bytes), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
            return (await reader.ReadToEndAsync(cancellation), null);
        }
        catch (BrokenInputException broken)
        {
            return (null, broken.Message);
        }
    }
}
