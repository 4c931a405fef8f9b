using System.CommandLine;

namespace CityHelper.Server.Commands;

/// <summary>Options that several commands have, with one meaning.</summary>
internal static class CommonOptions
{
    /// <summary>The city that a command works on.</summary>
    public static readonly Option<string> City = new("--city") { Description = "The city's slug.", Required = true };

    /// <summary>Why an operator writes an event: its cause.</summary>
    public static readonly Option<string> Reason = new("--reason")
    {
        Description = "Why, for those who read the event.",
        Required = true,
    };

    /// <summary>Checks a reason as the log would.</summary>
    /// <exception cref="CommandException">It is empty or too long.</exception>
    public static void CheckReason(string reason)
    {
        if (reason.Length is 0 or > Data.Limits.NameCharsMax)
        {
            throw new CommandException($"A reason has 1 to {Data.Limits.NameCharsMax} characters.");
        }
    }
}
