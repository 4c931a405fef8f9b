namespace CityHelper.Server;

/// <summary>
/// The server cannot start with this configuration. The message says what to set, on one line for each of several problems.
/// </summary>
public sealed class ConfigurationException : Exception
{
    /// <param name="problem">A sentence that says what to set.</param>
    public ConfigurationException(string problem)
        : this([problem])
    {
    }

    /// <param name="problems">At least one such sentence.</param>
    public ConfigurationException(IReadOnlyCollection<string> problems)
        : base(problems.Count == 1 ? problems.First() : $"The configuration has {problems.Count} problems:\n{Lines(problems)}")
    {
        Problems = problems;
    }

    /// <summary>The problems, one sentence each.</summary>
    public IReadOnlyCollection<string> Problems { get; }

    private static string Lines(IEnumerable<string> problems) => string.Join('\n', problems.Select(problem => $"- {problem}"));
}
