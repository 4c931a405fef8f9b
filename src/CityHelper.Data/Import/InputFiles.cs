namespace CityHelper.Data.Import;

/// <summary>Files that people name.</summary>
public static class InputFiles
{
    /// <summary>Why a file cannot be read at all, as one sentence that says what to do; null when it can.</summary>
    public static string? Problem(string path)
    {
        try
        {
            using FileStream file = InputFile.OpenStream(path);
            return null;
        }
        catch (BrokenInputException broken)
        {
            return broken.Message;
        }
    }
}
