using System.Globalization;
using System.Text;

namespace CityHelper.Data.Import;

/// <summary>The code of a category: the slug of the source's type.</summary>
public static class CategoryCode
{
    /// <summary>The category of requests that say no type.</summary>
    public const string Unknown = "unknown";

    /// <summary>What people read of <see cref="Unknown"/>.</summary>
    public const string UnknownName = "Unknown";

    /// <summary>
    /// Lower-case letters and digits with single dashes between: <c>HEAT/HOT WATER</c> is <c>heat-hot-water</c>. Accents
    /// fall off; letters of other scripts stay, since without them their types would all be one.
    /// </summary>
    public static string Of(string? typeName)
    {
        var code = new StringBuilder();
        bool dashDue = false;
        foreach (char c in (typeName ?? "").Normalize(NormalizationForm.FormD))
        {
            if (char.IsLetterOrDigit(c))
            {
                code.Append(dashDue && code.Length > 0 ? "-" : "").Append(char.ToLowerInvariant(c));
                dashDue = false;
            }
            else if (char.GetUnicodeCategory(c) is not UnicodeCategory.NonSpacingMark and not UnicodeCategory.OtherPunctuation || c != '\'')
            {
                dashDue |= char.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark;
            }
        }

        return code.Length == 0 ? Unknown : code.ToString().Normalize(NormalizationForm.FormC);
    }
}
