using System.Globalization;

namespace CityHelper.Data.Import.NewYork;

/// <summary>
/// New York's community districts: the borough's digit and two of the district (<c>BoroCD</c>). 405 is the portal's <c>05 QUEENS</c>.
/// </summary>
internal static class NewYorkDistricts
{
    private static readonly string[] s_boroughs = ["Manhattan", "Bronx", "Brooklyn", "Queens", "Staten Island"];

    /// <summary>
    /// For example <c>Queens 5</c>. Parks and airports outside the districts have numbers of their own, as in the requests:
    /// <c>Manhattan 64</c> is Central Park. Null when it is not such a code.
    /// </summary>
    public static string? NameOf(string code) =>
        code.Length == 3 && int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        && number / 100 is >= 1 and <= 5 && number % 100 > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{s_boroughs[number / 100 - 1]} {number % 100}")
            : null;
}
