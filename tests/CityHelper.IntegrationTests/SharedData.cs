using Xunit;

namespace CityHelper.IntegrationTests;

/// <summary>Real files of cities, kept beside the repository because they are not ours to publish.</summary>
internal static class SharedData
{
    /// <summary>The folder; null where it is missing.</summary>
    public static string? Folder { get; } = Find();

    public static string? Missing { get; } = Folder is null
        ? $"The folder {Path.GetFullPath(Default())} with the cities' files is missing; CITYHELPER_SHARED_DATA names another."
        : null;

    public static string PathOf(params string[] parts) => Path.Combine([Folder!, .. parts]);

    private static string? Find()
    {
        string folder = Environment.GetEnvironmentVariable("CITYHELPER_SHARED_DATA") is { Length: > 0 } named ? named : Default();
        return Directory.Exists(folder) ? Path.GetFullPath(folder) : null;
    }

    private static string Default() => Repository.PathOf("..", "shared", "data");
}

/// <summary>A test that needs <see cref="SharedData"/>; skipped with the reason where it is missing.</summary>
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute() => Skip = SharedData.Missing;
}

/// <summary>A theory that needs <see cref="SharedData"/>; skipped with the reason where it is missing.</summary>
public sealed class SharedDataTheoryAttribute : TheoryAttribute
{
    public SharedDataTheoryAttribute() => Skip = SharedData.Missing;
}
