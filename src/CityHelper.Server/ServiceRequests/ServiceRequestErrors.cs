using CityHelper.Engine;

namespace CityHelper.Server.ServiceRequests;

/// <summary>The city has no category with the code.</summary>
public sealed class CategoryNotFoundError(string code)
    : RequestError(
        $"There is no category `{code}` in the city: ask for `city {{ categories }}` to see the codes there are.", "CATEGORY_NOT_FOUND");
