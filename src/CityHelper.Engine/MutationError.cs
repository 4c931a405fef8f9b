using System.Text.Json;

namespace CityHelper.Engine;

/// <summary>
/// An expected failure of a mutation, which the client reads in the payload's <c>errors</c>. The name of the class, such as
/// <c>RowGoneError</c>, is the name of the GraphQL type. The class has a <see cref="System.ComponentModel.DescriptionAttribute"/>; further
/// public properties with one are fields of the type: strings, numbers, Booleans, enums, times, and lists of those.
/// </summary>
/// <param name="Message">The message for the client; it says what to do.</param>
public abstract record MutationError(string Message)
{
    /// <summary>What the name of each class ends with.</summary>
    internal const string Suffix = "Error";

    /// <summary>Machine-readable and stable, by the rule of <see cref="RequestError"/>: the class's name in UPPER_SNAKE.</summary>
    public string Code => CodeOf(GetType());

    /// <summary>The code of a class: <c>ROW_GONE</c> of <c>RowGoneError</c>.</summary>
    /// <param name="error">A class of errors.</param>
    /// <exception cref="ArgumentException">The name of the class does not end with <c>Error</c>.</exception>
    public static string CodeOf(Type error) => error.Name.EndsWith(Suffix, StringComparison.Ordinal)
        ? JsonNamingPolicy.SnakeCaseUpper.ConvertName(error.Name[..^Suffix.Length])
        : throw new ArgumentException($"{error.Name} is an error of mutations: let its name end with {Suffix}.", nameof(error));
}
